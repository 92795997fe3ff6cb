// ipvsadm's vocabulary: every command and option with its spellings, and which option goes with which command.
import { type OptionSpelling, optionIndex } from './popt.js';

/** Commands by the names that messages use for them. */
export type CommandName =
  | 'add-service'
  | 'edit-service'
  | 'delete-service'
  | 'flush'
  | 'list'
  | 'add-server'
  | 'delete-server'
  | 'edit-server'
  | 'set'
  | 'start-daemon'
  | 'stop-daemon'
  | 'restore'
  | 'save'
  | 'zero'
  | 'help'
  | 'version';

/** Options by the names that messages use for them, in the order in which they are checked against the command. */
export const optionNames = [
  'numeric',
  'connection',
  'service-address',
  'scheduler',
  'persistent',
  'netmask',
  'real-server',
  'forwarding-method',
  'weight',
  'u-threshold',
  'l-threshold',
  'mcast-interface',
  'timeout',
  'daemon',
  'stats',
  'rate',
  'thresholds',
  'persistent-conn',
  'nosort',
  'syncid',
  'exact',
  'ops',
  'pe',
  'sched-flags',
  'mcast-group',
  'mcast-port',
  'mcast-ttl',
  'sync-maxlen',
  'sync-peers',
  'tun-info',
  'tun-type',
  'tun-port',
  'tun-nocsum',
  'tun-csum',
  'tun-remcsum',
  'atomic',
  'json',
  'local-address',
  'client-address',
] as const;
export type OptionName = (typeof optionNames)[number];

/** One id for each word that can be typed: commands, options and their variants. */
export type WordId =
  | CommandName
  | Exclude<OptionName, 'service-address' | 'forwarding-method'>
  | 'tcp-service'
  | 'udp-service'
  | 'sctp-service'
  | 'fwmark-service'
  | 'gatewaying'
  | 'ipip'
  | 'masquerading'
  | 'fullnat'
  | 'sort'
  | 'ipv6';

type Row = readonly [id: WordId, long: string, short?: string];

function spellings(argument: OptionSpelling<WordId>['argument'], rows: readonly Row[]): OptionSpelling<WordId>[] {
  return rows.map(([id, long, short]) => (short === undefined ? { id, long, argument } : { id, long, short, argument }));
}

const commandRows: readonly Row[] = [
  ['add-service', 'add-service', 'A'],
  ['edit-service', 'edit-service', 'E'],
  ['delete-service', 'delete-service', 'D'],
  ['flush', 'clear', 'C'],
  ['list', 'list', 'L'],
  ['list', 'list', 'l'],
  ['zero', 'zero', 'Z'],
  ['add-server', 'add-server', 'a'],
  ['edit-server', 'edit-server', 'e'],
  ['delete-server', 'delete-server', 'd'],
  ['set', 'set'],
  ['save', 'save', 'S'],
  ['restore', 'restore', 'R'],
  ['help', 'help', 'h'],
  ['version', 'version', 'v'],
];

/** Every word ipvsadm knows. `--atomic`, `--json`, `--fullnat`, `--local-address`, `--client-address` and `--sync-peers` are weir's. */
const allSpellings: readonly OptionSpelling<WordId>[] = [
  ...spellings('none', commandRows),
  ...spellings('required', [
    ['start-daemon', 'start-daemon'],
    ['stop-daemon', 'stop-daemon'],
    ['tcp-service', 'tcp-service', 't'],
    ['udp-service', 'udp-service', 'u'],
    ['sctp-service', 'sctp-service'],
    ['fwmark-service', 'fwmark-service', 'f'],
    ['scheduler', 'scheduler', 's'],
    ['netmask', 'netmask', 'M'],
    ['real-server', 'real-server', 'r'],
    ['weight', 'weight', 'w'],
    ['u-threshold', 'u-threshold', 'x'],
    ['l-threshold', 'l-threshold', 'y'],
    ['mcast-interface', 'mcast-interface'],
    ['syncid', 'syncid'],
    ['pe', 'pe'],
    ['sched-flags', 'sched-flags', 'b'],
    ['mcast-group', 'mcast-group'],
    ['mcast-port', 'mcast-port'],
    ['mcast-ttl', 'mcast-ttl'],
    ['sync-maxlen', 'sync-maxlen'],
    ['sync-peers', 'sync-peers'],
    ['tun-type', 'tun-type'],
    ['tun-port', 'tun-port'],
    ['local-address', 'local-address'],
    ['client-address', 'client-address'],
  ]),
  ...spellings('optional', [['persistent', 'persistent', 'p']]),
  ...spellings('none', [
    ['gatewaying', 'gatewaying', 'g'],
    ['ipip', 'ipip', 'i'],
    ['masquerading', 'masquerading', 'm'],
    ['fullnat', 'fullnat'],
    ['numeric', 'numeric', 'n'],
    ['connection', 'connection', 'c'],
    ['timeout', 'timeout'],
    ['daemon', 'daemon'],
    ['stats', 'stats'],
    ['rate', 'rate'],
    ['thresholds', 'thresholds'],
    ['persistent-conn', 'persistent-conn'],
    ['nosort', 'nosort'],
    ['sort', 'sort'],
    ['exact', 'exact', 'X'],
    ['ipv6', 'ipv6', '6'],
    ['ops', 'ops', 'o'],
    ['tun-info', 'tun-info'],
    ['tun-nocsum', 'tun-nocsum'],
    ['tun-csum', 'tun-csum'],
    ['tun-remcsum', 'tun-remcsum'],
    ['atomic', 'atomic'],
    ['json', 'json'],
  ]),
];

export const allOptions = optionIndex(allSpellings);

const commandIds: ReadonlySet<WordId> = new Set([...commandRows.map(([id]) => id), 'start-daemon', 'stop-daemon']);

export function isCommand(id: WordId): id is CommandName {
  return commandIds.has(id);
}

const variants: Partial<Record<WordId, OptionName>> = {
  'tcp-service': 'service-address',
  'udp-service': 'service-address',
  'sctp-service': 'service-address',
  'fwmark-service': 'service-address',
  gatewaying: 'forwarding-method',
  ipip: 'forwarding-method',
  masquerading: 'forwarding-method',
  fullnat: 'forwarding-method',
};
const nameSet: ReadonlySet<string> = new Set(optionNames);

/** The option that a word stands for; undefined for `--sort` and `-6`, which have no effect and may be repeated. */
export function optionOf(id: WordId): OptionName | undefined {
  return variants[id] ?? (nameSet.has(id) ? (id as OptionName) : undefined);
}

/** `required` and `allowed`; of `exclusive` only one may be given. What is not listed is illegal with the command. */
export interface CommandRule {
  readonly required: readonly OptionName[];
  readonly exclusive: readonly OptionName[];
  readonly allowed: readonly OptionName[];
}

function rule(required: readonly OptionName[], allowed: readonly OptionName[] = [], exclusive: readonly OptionName[] = []): CommandRule {
  return { required, allowed, exclusive };
}

const serviceOptions = ['scheduler', 'persistent', 'netmask', 'ops', 'pe', 'sched-flags'] as const;
const serverOptions = [
  'forwarding-method',
  'weight',
  'u-threshold',
  'l-threshold',
  'tun-type',
  'tun-port',
  'tun-nocsum',
  'tun-csum',
  'tun-remcsum',
  'local-address',
  'client-address',
] as const;

/** The matrix of commands and options. Help and version are not checked against it. */
export const commandRules: Readonly<Record<Exclude<CommandName, 'help' | 'version'>, CommandRule>> = {
  'add-service': rule(['service-address'], serviceOptions),
  'edit-service': rule(['service-address'], serviceOptions),
  'delete-service': rule(['service-address']),
  flush: rule([]),
  list: rule(
    [],
    ['numeric', 'stats', 'rate', 'thresholds', 'persistent-conn', 'nosort', 'syncid', 'exact', 'tun-info', 'json'],
    ['connection', 'service-address', 'timeout', 'daemon'],
  ),
  'add-server': rule(['service-address', 'real-server'], serverOptions),
  'edit-server': rule(['service-address', 'real-server'], serverOptions),
  'delete-server': rule(['service-address', 'real-server']),
  set: rule([]),
  'start-daemon': rule([], ['mcast-interface', 'syncid', 'mcast-group', 'mcast-port', 'mcast-ttl', 'sync-maxlen', 'sync-peers']),
  'stop-daemon': rule([], ['syncid']),
  restore: rule([], ['atomic']),
  save: rule([], ['numeric']),
  zero: rule([], ['service-address']),
};

type TunnelOption = 'tun-port' | 'tun-nocsum' | 'tun-csum' | 'tun-remcsum';
export const tunnelOptions: readonly TunnelOption[] = ['tun-port', 'tun-nocsum', 'tun-csum', 'tun-remcsum'];

/** What goes with each tunnel type, by the same rules. */
export const tunnelRules: Readonly<Record<'ipip' | 'gue' | 'gre', CommandRule>> = {
  ipip: rule([]),
  gue: rule(['tun-port'], [], ['tun-nocsum', 'tun-csum', 'tun-remcsum']),
  gre: rule([], [], ['tun-nocsum', 'tun-csum']),
};
