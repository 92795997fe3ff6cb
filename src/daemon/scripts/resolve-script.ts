// What running a script means on this host: which file, or a shell, or that it must not be run and why (keepalived.conf(5), "Script security").
import { lstatSync, readlinkSync, type Stats, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { GlobalSettings } from '../../model/keepalived/global.js';
import type { RunAs, Script } from '../../model/keepalived/script.js';
import { unlessCode } from '../../sys/errno.js';
import { type Identity, identityOf } from './script-user.js';

export interface ScriptPolicy {
  readonly scriptUser: RunAs | undefined;
  /** enable_script_security */
  readonly security: boolean;
  /** set_supplementary_groups */
  readonly supplementaryGroups: boolean;
  /** Where words without a slash are looked for, as $PATH. */
  readonly path: string;
}

/** What global_defs sets for scripts, and where this host looks for them. */
export const policyOf = ({ scriptUser, scriptSecurity, supplementaryGroups }: GlobalSettings): ScriptPolicy => ({
  scriptUser,
  security: scriptSecurity,
  supplementaryGroups: supplementaryGroups === true,
  path: process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
});

export type ResolvedScript =
  | { readonly kind: 'program'; readonly path: string; readonly argv: readonly string[]; readonly identity: Identity }
  /** What is no file goes to the shell: builtins, pipes, redirections. */
  | { readonly kind: 'shell'; readonly text: string; readonly identity: Identity }
  | { readonly kind: 'disabled'; readonly insecure: boolean };

export interface Resolution {
  readonly script: ResolvedScript;
  /** For the log. */
  readonly messages: readonly string[];
  /** Runs as root and could be changed by another user. */
  readonly insecure: boolean;
}

const MISSING = ['ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP', 'ENAMETOOLONG'];
const WRITABLE = { group: 0o020, other: 0o002 } as const;
const STICKY = 0o1000;
/** The kernel's own bound. */
const LINKS_MAX = 40;

/** stat(2), or nothing where there is no such file. */
export const status = (path: string): Stats | undefined => unlessCode(() => statSync(path), MISSING, undefined);

function mayExecute({ mode, uid, gid }: Stats, identity: Identity): boolean {
  if (identity.uid === 0) return (mode & 0o111) !== 0;
  const bit = uid === identity.uid ? 0o100 : gid === identity.gid || identity.groups?.includes(gid) === true ? 0o010 : 0o001;
  return (mode & bit) !== 0;
}

/** Users other than root could put other content here. A sticky folder keeps others' files from being replaced. */
function othersMayChange({ mode, uid, gid }: Stats, folder: boolean): boolean {
  const write = (mode & WRITABLE.other) !== 0 || ((mode & WRITABLE.group) !== 0 && gid !== 0);
  return uid !== 0 || (write && !(folder && (mode & STICKY) !== 0));
}

const wordsOf = (path: string): string[] => path.split('/').filter((word) => word !== '' && word !== '.');

/**
 * The file, every folder in which the kernel looks up a part of its path, and those of the targets of links on the way. `open/../safe` looks
 * nothing up in `open` that its owner could change.
 */
export function isInsecure(path: string): boolean {
  const rest = wordsOf(path);
  let place = '/';
  for (let links = 0; rest.length > 0; ) {
    const word = rest.shift() as string;
    if (word === '..') {
      place = dirname(place);
      continue;
    }
    const folder = status(place);
    if (folder === undefined || othersMayChange(folder, true)) return true;
    const next = join(place, word);
    const found = unlessCode(() => lstatSync(next), MISSING, undefined);
    if (found === undefined) return true;
    if (!found.isSymbolicLink()) {
      place = next;
      continue;
    }
    links += 1;
    // In a sticky folder its owner could make another one.
    if (links > LINKS_MAX || (found.uid !== 0 && (folder.mode & STICKY) !== 0)) return true;
    const target = readlinkSync(next);
    if (target.startsWith('/')) place = '/';
    rest.unshift(...wordsOf(target));
  }
  const file = status(place);
  return file === undefined || othersMayChange(file, file.isDirectory());
}

/** The first file of that name in the folders of a PATH. */
export function search(word: string, path: string): string | undefined {
  return path
    .split(':')
    .filter((folder) => folder.startsWith('/'))
    .map((folder) => join(folder, word))
    .find((file) => status(file)?.isFile() === true);
}

const disabled = (messages: readonly string[], insecure = false): Resolution => ({
  script: { kind: 'disabled', insecure },
  messages,
  insecure,
});

/** Looks at the file system; nothing is run. */
export function resolveScript(script: Script, policy: ScriptPolicy): Resolution {
  const identity = identityOf(script, policy.scriptUser, policy.supplementaryGroups);
  if (typeof identity === 'string') return disabled([identity]);
  const word = script.argv[0] ?? '';
  const messages: string[] = [];
  const found = word.includes('/') ? word : /^[\w.+-]+$/.test(word) ? search(word, policy.path) : undefined;
  if (found === undefined || !found.startsWith('/')) {
    return { script: { kind: 'shell', text: script.text, identity }, messages, insecure: false };
  }
  if (found !== word) {
    messages.push(`WARNING - script \`${word}\` resolved by path search to \`${found}\`. Please specify full path.`);
  }
  const stats = status(found);
  if (stats === undefined) return disabled([...messages, `Script ${found} cannot be accessed - No such file or directory`]);
  if (!stats.isFile() || !mayExecute(stats, identity)) {
    return disabled([
      ...messages,
      `WARNING - script '${found}' is not executable for uid:gid ${identity.uid}:${identity.gid} - disabling.`,
    ]);
  }
  const insecure = identity.uid === 0 && isInsecure(found);
  if (insecure && policy.security) {
    return disabled([...messages, `Unsafe permissions found for script '${found}' - disabling.`], true);
  }
  return { script: { kind: 'program', path: found, argv: script.argv, identity }, messages, insecure };
}
