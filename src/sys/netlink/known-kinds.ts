// Which kinds of netlink this kernel knows by now: asking by another one would load its module.
import { readTextFile } from '../files/durable-file.js';
import { NetlinkKind } from './netlink-monitor.js';

/** Of this namespace: a socket of the kernel's for each kind of netlink that it knows. */
const SOCKETS = '/proc/net/netlink';

const knows = (kind: number): boolean => new RegExp(`^\\S+\\s+${kind}\\s`, 'm').test(readTextFile(SOCKETS) ?? '');

/** A kernel without the module for it has no policies. */
export const knowsIpsec = (): boolean => knows(NetlinkKind.xfrm);

/** A kernel without the module for it has no nf_tables. */
export const knowsNetfilter = (): boolean => knows(NetlinkKind.netfilter);
