// The options of keepalived(8): one table for the reader of the command line.

export interface Option {
  readonly short?: string;
  readonly long?: string;
  /** `optional`: only attached (`-tFILE`, `--config-test=FILE`), as getopt has it. */
  readonly argument: 'none' | 'required' | 'optional';
}

const none = (short: string | undefined, long: string): Option => ({ ...(short === undefined ? {} : { short }), long, argument: 'none' });
const required = (short: string, long: string): Option => ({ short, long, argument: 'required' });
const optional = (short: string, long: string): Option => ({ short, long, argument: 'optional' });

export const OPTIONS: readonly Option[] = [
  required('f', 'use-file'),
  none('P', 'vrrp'),
  none('C', 'check'),
  none('B', 'no_bfd'),
  none(undefined, 'all'),
  none('l', 'log-console'),
  none('D', 'log-detail'),
  required('S', 'log-facility'),
  optional('g', 'log-file'),
  none(undefined, 'flush-log-file'),
  none('G', 'no-syslog'),
  required('u', 'umask'),
  none('X', 'release-vips'),
  none('V', 'dont-release-vrrp'),
  none('I', 'dont-release-ipvs'),
  none('R', 'dont-respawn'),
  none('n', 'dont-fork'),
  none('d', 'dump-conf'),
  required('p', 'pid'),
  required('r', 'vrrp_pid'),
  none('T', 'genhash'),
  required('c', 'checkers_pid'),
  none('a', 'address-monitoring'),
  required('b', 'bfd_pid'),
  none('x', 'snmp'),
  required('A', 'snmp-agent-socket'),
  required('s', 'namespace'),
  none('m', 'core-dump'),
  optional('M', 'core-dump-pattern'),
  none('e', 'all-config'),
  required('i', 'config-id'),
  { long: 'signum', argument: 'required' },
  optional('t', 'config-test'),
  { long: 'perf', argument: 'optional' },
  { long: 'debug', argument: 'optional' },
  none(undefined, 'no-mem-check'),
  none('v', 'version'),
  none('h', 'help'),
];
