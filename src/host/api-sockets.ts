// Where the API of this host answers: in /run/weir, and in another network namespace than that of process 1 by that namespace's cookie.
import { readdirSync, readlinkSync, statSync } from 'node:fs';
import { native } from '../sys/addon.js';
import { unlessCode } from '../sys/errno.js';

const FOLDER = '/run/weir';

export interface ApiSocketPaths {
  /** For changes, and for what only root and the group may see. */
  readonly write: string;
  /** For all users of the host. */
  readonly read: string;
}

const NAMED = '/run/netns';
const HIDDEN = ['ENOENT', 'EACCES', 'EPERM'] as const;

const namespaceOf = (pid: string): string => unlessCode(() => readlinkSync(`/proc/${pid}/ns/net`), HIDDEN, '');

/** Is our network namespace one of those that `ip netns` made? */
function isNamed(): boolean {
  const own = statSync('/proc/self/ns/net').ino;
  const names = unlessCode(() => readdirSync(NAMED), ['ENOENT'], []);
  return names.some((name) => unlessCode(() => statSync(`${NAMED}/${name}`).ino, HIDDEN, 0) === own);
}

/** Where process 1 cannot be looked at, a namespace without a name counts as its own. */
function isFirstNamespace(): boolean {
  const first = namespaceOf('1');
  return first === '' ? !isNamed() : first === namespaceOf('self');
}

export function apiSocketPaths(): ApiSocketPaths {
  const folder = isFirstNamespace() ? FOLDER : `${FOLDER}/api/${native().netnsCookie()}`;
  return { write: `${folder}/api.sock`, read: `${folder}/read.sock` };
}
