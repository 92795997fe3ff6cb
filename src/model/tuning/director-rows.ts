// The sysctls of a host that forwards packets of clients without ending their connections.
import type { TuningHost, TuningRow, TuningValues } from './row.js';

const MIB = 2 ** 20;
const below = (limit: number, why: string) => (values: TuningValues) => ((values[0] ?? limit) < limit ? why : undefined);

/** Neighbours that a host of this size can remember: an entry is half a KiB. */
const neighbours = ({ memoryBytes }: TuningHost): number => (memoryBytes >= 2048 * MIB ? 16_384 : 4096);

/** IPv4 and IPv6 have the same three keys. */
const neighbourRows = (family: 'ipv4' | 'ipv6'): readonly TuningRow[] =>
  (
    [
      ['gc_thresh1', 4, 'entries below this number are never thrown away, so next hops need not be asked for again', undefined],
      ['gc_thresh2', 2, 'more entries than this are thrown away after 5 s', undefined],
      [
        'gc_thresh3',
        1,
        'the neighbour table is full at this number: a segment with more hosts loses packets (neighbour table overflow)',
        below(1024, 'a segment with more hosts fills the neighbour table, and packets to the others are dropped'),
      ],
    ] as const
  ).map(([key, part, reason, damage]) => ({
    path: `net/${family}/neigh/default/${key}`,
    roles: ['director'],
    scope: 'host',
    rule: { kind: 'at-least', values: (host) => [neighbours(host) / part] },
    reason,
    harm: 'memory: half a KiB for each entry; a scan of the segment can fill it',
    ...(damage === undefined ? {} : { damage }),
  }));

export const directorRows: readonly TuningRow[] = [
  {
    path: 'net/ipv4/ip_forward',
    roles: ['director'],
    scope: 'namespace',
    rule: { kind: 'exactly', values: ({ forwarding }) => (forwarding === undefined ? undefined : [forwarding ? 1 : 0]) },
    reason: 'VS/NAT, FULLNAT and firewall marks need it; VS/DR and VS/TUN do not',
    harm: 'with 1 the host is a router for every packet that a neighbour sends it; with 0 VS/NAT loses packets. Each change sets forwarding of all interfaces, and accept_redirects of conf.all',
  },
  {
    path: 'net/ipv4/conf/*/send_redirects',
    roles: ['director'],
    scope: 'namespace',
    // The kernel sends them only where it forwards.
    rule: { kind: 'exactly', values: ({ forwarding }) => (forwarding === true ? [0] : undefined) },
    reason: 'in one network with clients and servers, redirects lead servers past the director, so that replies are not translated',
    harm: 'hosts that have a poor route are not corrected any more',
  },
  {
    path: 'net/ipv4/conf/*/rp_filter',
    roles: ['director'],
    scope: 'namespace',
    rule: { kind: 'instead-of', values: () => [2], bad: [1] },
    reason: 'strict (1) drops new connections of clients whose route back leads by another interface; loose (2) does not',
    harm: 'loose accepts forged sources that are routed by another interface: filter them at the border',
  },
  ...neighbourRows('ipv4'),
  ...neighbourRows('ipv6'),
  {
    path: 'net/core/netdev_max_backlog',
    roles: ['director', 'realserver', 'layer7'],
    scope: 'host',
    rule: { kind: 'at-least', values: () => [3000] },
    reason: 'packets that wait for a CPU where a driver without NAPI, or packet steering, queues them',
    harm: 'a longer queue is a longer delay under overload',
    damage: below(300, 'bursts are dropped before any program sees them'),
  },
  {
    path: 'net/core/netdev_budget',
    roles: ['director'],
    scope: 'host',
    rule: { kind: 'at-least', values: () => [600] },
    reason: 'packets that one turn of the receive softirq takes, over all its interfaces',
    harm: 'processes on that CPU, VRRP included, wait longer for each turn',
    damage: below(64, 'a CPU takes less than one burst of an interface in a turn'),
  },
  {
    path: 'net/core/netdev_budget_usecs',
    roles: ['director'],
    scope: 'host',
    rule: { kind: 'at-least', values: () => [8000] },
    reason: 'the time of such a turn: the first of both limits ends it',
    harm: 'as netdev_budget',
  },
  {
    path: 'net/netfilter/nf_conntrack_max',
    roles: ['director'],
    scope: 'host',
    rule: {
      kind: 'at-least',
      values: ({ memoryBytes }) => [Math.min(1_048_576, Math.max(65_536, 2 ** Math.floor(Math.log2(memoryBytes / 16_384))))],
    },
    reason: 'where netfilter sees the connections (firewall in force, firewall marks), a full table drops new ones',
    harm: 'memory: about 320 bytes for each entry that is in use',
    damage: below(16_384, 'where netfilter sees the connections, those beyond that number are dropped'),
  },
  {
    path: 'vm/min_free_kbytes',
    roles: ['director'],
    scope: 'host',
    rule: { kind: 'at-least', values: ({ memoryBytes }) => [Math.round(Math.min(128 * MIB, memoryBytes / 256) / 1024)] },
    reason: 'packets need memory that is free now: an interrupt cannot wait for some',
    harm: 'that memory is lost to programs; far too much of it brings the OOM killer',
  },
];
