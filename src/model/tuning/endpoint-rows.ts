// The sysctls of a host that ends TCP connections: a real server, or a balancer of layer 7. They do nothing for what a director passes on.
import type { TuningHost, TuningRow, TuningValues } from './row.js';

const MIB = 2 ** 20;
const ENDS = ['realserver', 'layer7'] as const;
const below = (limit: number, why: string) => (values: TuningValues) => ((values[0] ?? limit) < limit ? why : undefined);

/** 16 MiB, and less on a small host. */
const bufferBytes = ({ memoryBytes }: TuningHost): number => Math.min(16 * MIB, 2 ** Math.floor(Math.log2(memoryBytes / 64)));

export const endpointRows: readonly TuningRow[] = [
  {
    path: 'net/ipv4/tcp_syncookies',
    roles: ENDS,
    scope: 'namespace',
    rule: { kind: 'exactly', values: () => [1] },
    reason: 'a listener whose queue is full answers by cookies, so that a SYN flood does not close the service',
    harm: 'a connection by cookie loses window scaling and SACK where the client has no timestamps',
    damage: ([value]) =>
      value === 0
        ? 'a SYN flood fills the queue of a listener, and clients get no answer'
        : value === 2
          ? 'every connection is by cookie, also without a flood; the value is for tests'
          : undefined,
  },
  {
    path: 'net/ipv4/tcp_timestamps',
    roles: ENDS,
    scope: 'namespace',
    rule: { kind: 'instead-of', values: () => [1], bad: [0] },
    reason: 'connections by cookie keep their options, and ports in TIME_WAIT can be used again safely',
    harm: '12 bytes in each segment',
    damage: ([value]) => (value === 0 ? 'connections by SYN cookie lose window scaling and SACK, and are slow' : undefined),
  },
  {
    path: 'net/ipv4/tcp_max_syn_backlog',
    roles: ENDS,
    scope: 'namespace',
    rule: { kind: 'at-least', values: ({ memoryBytes }) => [memoryBytes >= 2048 * MIB ? 8192 : 4096] },
    reason: 'half-open connections that a listener remembers; somaxconn and its own backlog limit them, too',
    harm: 'memory: 300 bytes for each half-open connection',
    damage: below(128, 'a listener drops SYNs, or answers by cookie, at the first burst'),
  },
  {
    path: 'net/core/somaxconn',
    roles: ENDS,
    scope: 'namespace',
    rule: { kind: 'at-least', values: () => [4096] },
    reason: 'connections that wait for accept(): the limit of every backlog that a program asks for',
    harm: 'a program that is too slow keeps clients waiting, where it would have refused them',
    damage: below(128, 'bursts of new connections are dropped while the server has time for them'),
  },
  {
    path: 'net/ipv4/tcp_abort_on_overflow',
    roles: ENDS,
    scope: 'namespace',
    rule: { kind: 'instead-of', values: () => [0], bad: [1] },
    reason: 'a client whose connection finds the queue full tries again a second later, and gets in',
    harm: 'none known; a client of a dead program waits instead of being refused',
    damage: ([value]) => (value === 1 ? 'a short burst resets connections that would have been served a second later' : undefined),
  },
  {
    path: 'net/ipv4/tcp_synack_retries',
    roles: ENDS,
    scope: 'namespace',
    rule: { kind: 'at-most', values: () => [2], bad: [0] },
    reason: 'half-open connections of a flood go after 7 s instead of 63 s',
    harm: 'clients behind a link that loses three answers in a row are not served',
    damage: ([value]) => (value === 0 ? 'one lost answer loses the client' : undefined),
  },
  {
    path: 'net/ipv4/tcp_syn_retries',
    roles: ['layer7'],
    scope: 'namespace',
    rule: { kind: 'at-most', values: () => [2], bad: [0] },
    reason: 'a connection to a server that is gone fails after 7 s instead of 127 s, where the program has no limit of its own',
    harm: 'all connections that this host opens give up as early, those over the Internet, too',
    damage: ([value]) => (value === 0 ? 'one lost SYN fails the connection to a server' : undefined),
  },
  {
    path: 'net/ipv4/tcp_fin_timeout',
    roles: ENDS,
    scope: 'namespace',
    rule: { kind: 'at-most', values: () => [30] },
    reason: 'connections that this host has closed, and the client has not, are forgotten after 30 s (FIN_WAIT2)',
    harm: 'a client that closes later than that gets a reset',
  },
  {
    path: 'net/ipv4/tcp_keepalive_time',
    roles: ENDS,
    scope: 'namespace',
    rule: { kind: 'at-most', values: () => [1800] },
    reason: 'connections whose client is gone end after half an hour, where the program asks for keepalive',
    harm: 'idle connections cost packets, and wake mobile clients. It has to stay above the timeout of the director only where connections idle longer than that',
  },
  {
    path: 'net/ipv4/tcp_tw_reuse',
    roles: ['layer7'],
    scope: 'namespace',
    rule: { kind: 'exactly', values: () => [1] },
    reason: 'ports of closed connections to servers are free after a second, so that busy pools do not run out of them',
    harm: 'a server behind address translation that has several hosts behind one address may refuse such a SYN once',
  },
  {
    path: 'net/ipv4/ip_local_port_range',
    roles: ['layer7'],
    scope: 'namespace',
    rule: { kind: 'widest', values: () => [15_000, 60_999] },
    reason: 'each connection to one port of one server needs a port of this host',
    harm: 'a program that listens above 15000 may find its port in use: net.ipv4.ip_local_reserved_ports keeps it free',
    damage: ([first = 0, last = 0]) =>
      last - first < 1000 ? 'connections to one server fail when these ports are in use or in TIME_WAIT' : undefined,
  },
  {
    path: 'net/ipv4/ip_nonlocal_bind',
    roles: ['layer7'],
    scope: 'namespace',
    rule: { kind: 'exactly', values: () => [1] },
    reason: 'a listener on a VIP starts on the standby node, too, which does not have the VIP yet',
    harm: 'a wrong address in a configuration is no error any more',
  },
  ...(['rmem_max', 'wmem_max'] as const).map(
    (key): TuningRow => ({
      path: `net/core/${key}`,
      roles: ['director', ...ENDS],
      scope: 'host',
      rule: { kind: 'at-least', values: (host) => [bufferBytes(host)] },
      reason: 'the largest buffer that a program may ask for: connection synchronisation, QUIC and large transfers',
      harm: 'memory: a program can have that much for each socket',
    }),
  ),
  ...(['tcp_rmem', 'tcp_wmem'] as const).map(
    (key): TuningRow => ({
      path: `net/ipv4/${key}`,
      roles: ENDS,
      scope: 'namespace',
      rule: { kind: 'at-least', values: (host) => [4096, 16_384, bufferBytes(host)] },
      reason: 'how far the kernel lets the window of a connection grow: one fast and distant client needs it',
      harm: 'memory: so much for each connection that is as fast',
    }),
  ),
  {
    path: 'vm/swappiness',
    roles: ['director', ...ENDS],
    scope: 'host',
    rule: { kind: 'at-most', values: () => [10] },
    reason: 'programs that wait, such as the standby of VRRP, stay in memory and answer in time',
    harm: 'where memory is short, the file cache goes first',
  },
];
