// As whom a script runs: its own `user [group]`, else script_user, else the user keepalived_script where there is one, else root.
import type { RunAs, Script } from '../../model/keepalived/script.js';
import { groupNamed, groupsOfUser, userNamed } from '../../sys/processes/accounts.js';

/** Numbers for setresuid and setresgid. */
export interface Identity {
  readonly uid: number;
  readonly gid: number;
  /** All groups; absent: that one alone. */
  readonly groups?: readonly number[];
}

const DEFAULT_USER = 'keepalived_script';
const ROOT: Identity = { uid: 0, gid: 0 };

/** The numbers, or what is wrong with the names. A group that begins with `:` (`:` alone: the user's own) brings the user's other groups along. */
export function lookUp({ user: name, group }: RunAs, supplementary = false): Identity | string {
  const user = userNamed(name);
  if (user === undefined) return `Script user '${name}' does not exist`;
  const groupName = group?.replace(/^:/, '') ?? '';
  const gid = groupName === '' ? user.gid : groupNamed(groupName);
  if (gid === undefined) return `Script group '${groupName}' does not exist`;
  const all = supplementary || group?.startsWith(':') === true;
  return { uid: user.uid, gid, ...(all ? { groups: [...new Set([gid, ...groupsOfUser(name, user.gid)])] } : {}) };
}

/** `supplementary`: set_supplementary_groups. */
export function identityOf(script: Script, scriptUser: RunAs | undefined, supplementary = false): Identity | string {
  const named = script.runAs ?? scriptUser;
  if (named !== undefined) return lookUp(named, supplementary);
  return userNamed(DEFAULT_USER) === undefined ? ROOT : lookUp({ user: DEFAULT_USER }, supplementary);
}
