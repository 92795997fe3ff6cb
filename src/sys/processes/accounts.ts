// Users and groups of this host by name (man 3 getpwnam). A name that is too long is that of no user and no group.
import { native } from '../addon.js';
import { unlessCode } from '../errno.js';

/** The user's number and that of its primary group; undefined: no such user. */
export const userNamed = (name: string): { readonly uid: number; readonly gid: number } | undefined =>
  unlessCode(() => native().lookUpUser(name), ['EINVAL'], undefined);

/** The group's number; undefined: no such group. */
export const groupNamed = (name: string): number | undefined => unlessCode(() => native().lookUpGroup(name), ['EINVAL'], undefined);

/** All groups that the user is a member of, and `gid`, its primary group. */
export const groupsOfUser = (name: string, gid: number): readonly number[] => native().lookUpGroups(name, gid);
