// The network namespace where the director is: this process's own, or that of net_namespace_ipvs.
import { native } from '../../sys/addon.js';
import { using } from '../../sys/fd.js';
import { Netns } from '../../sys/namespaces/netns.js';

/** `name`: as net_namespace_ipvs has it; an empty one is the supervisor's. */
const pathOf = (name: string): string => (name === '' ? `/proc/${process.ppid}/ns/net` : `/run/netns/${name}`);

/** A command's first words, with which it runs there. `name`: absent: this process's own. */
export const inDirectorNamespace = (name: string | undefined): readonly string[] =>
  name === undefined ? [] : ['nsenter', `--net=${pathOf(name)}`];

/** Of another namespace by one who may enter it. @throws WeirError namespace-missing; SystemError */
export const directorCookie = (name: string | undefined): bigint =>
  name === undefined ? native().netnsCookie() : using(Netns.byPath(pathOf(name)), ({ cookie }) => cookie);
