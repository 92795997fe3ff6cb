// Names of users and groups as numbers, as the system's databases have them.
import { WeirError } from '../../model/errors/weir-error.js';
import type { RunAs } from '../../model/keepalived/script.js';
import { groupNamed, userNamed } from '../../sys/processes/accounts.js';

export interface Ids {
  readonly uid?: number;
  readonly gid?: number;
}

/** What spawn wants. Absent: our own. @throws WeirError user-unknown, group-unknown */
export function idsOf(runAs: RunAs | undefined): Ids {
  if (runAs === undefined || runAs.user === '') return {};
  const user = userNamed(runAs.user);
  if (user === undefined) throw new WeirError('user-unknown', { user: runAs.user });
  if (runAs.group === undefined) return user;
  const gid = groupNamed(runAs.group);
  if (gid === undefined) throw new WeirError('group-unknown', { group: runAs.group });
  return { uid: user.uid, gid };
}
