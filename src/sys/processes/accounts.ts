// Users and groups of this host by name (man 3 getpwnam). What cannot be a name at all, because of its length, is nobody's.
import { native } from '../addon.js';
import { unlessCode } from '../errno.js';

/** The user's number and that of its first group; undefined: no such user. */
export const userNamed = (name: string): { readonly uid: number; readonly gid: number } | undefined =>
  unlessCode(() => native().lookUpUser(name), ['EINVAL'], undefined);

/** The group's number; undefined: no such group. */
export const groupNamed = (name: string): number | undefined => unlessCode(() => native().lookUpGroup(name), ['EINVAL'], undefined);

/** All groups that have the user as a member, and `gid`, its own. */
export const groupsOfUser = (name: string, gid: number): readonly number[] => native().lookUpGroups(name, gid);
