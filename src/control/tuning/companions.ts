// What the kernel changes by itself when net.ipv4.ip_forward is written (devinet.c, inet_forward_change): forwarding of every
// interface and of conf.all and conf.default, and accept_redirects of conf.all, to the opposite. An undo has to know what they were.

/** A value that is due to be written. */
export interface SettingWrite {
  readonly path: string;
  readonly value: string;
}

const FORWARD = 'net/ipv4/ip_forward';
const REDIRECTS = 'net/ipv4/conf/all/accept_redirects';
const forwardingOf = (name: string): string => `net/ipv4/conf/${name}/forwarding`;

export const COMPANION_PATTERN = /^net\/ipv4\/conf\/(?:(?!\.\.?\/)[^/\s]{1,15}\/forwarding|all\/accept_redirects)$/;

/** `interfaces`: all of the namespace. */
export function companionPaths(path: string, interfaces: readonly string[]): readonly string[] {
  return path === FORWARD ? [...['all', 'default', ...interfaces].map(forwardingOf), REDIRECTS] : [];
}

/** What the kernel makes of them when `value` is written to `path`. */
export function companionWrites({ path, value }: SettingWrite, interfaces: readonly string[]): readonly SettingWrite[] {
  return companionPaths(path, interfaces).map((one) => ({ path: one, value: one === REDIRECTS ? (value === '0' ? '1' : '0') : value }));
}
