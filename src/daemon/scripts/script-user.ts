// As whom a script runs: its own `user [group]`, else script_user, else the user keepalived_script where there is one, else root.
import type { RunAs, Script } from '../../model/keepalived/script.js';
import { groupNamed, userNamed } from '../../sys/accounts.js';

/** Numbers for setresuid and setresgid. */
export interface Identity {
  readonly uid: number;
  readonly gid: number;
}

const DEFAULT_USER = 'keepalived_script';
const ROOT: Identity = { uid: 0, gid: 0 };

/** The numbers, or what is wrong with the names. */
export function lookUp(runAs: RunAs): Identity | string {
  const user = userNamed(runAs.user);
  if (user === undefined) {
    return `Script user '${runAs.user}' does not exist`;
  }
  if (runAs.group === undefined) {
    return user;
  }
  const gid = groupNamed(runAs.group.replace(/^:/, ''));
  return gid === undefined ? `Script group '${runAs.group}' does not exist` : { uid: user.uid, gid };
}

export function identityOf(script: Script, scriptUser: RunAs | undefined): Identity | string {
  const named = script.runAs ?? scriptUser;
  if (named !== undefined) {
    return lookUp(named);
  }
  return userNamed(DEFAULT_USER) ?? ROOT;
}
