// Random histories of a director: changes of its table, frames of clients, servers and others, and time that passes. They are data, so that
// a failing one is printed, and can be played again.

import { schedulers } from '../../../src/model/schedulers.js';
import fc from '../../support/properties.js';
import {
  AWAY_VIP,
  CLIENT,
  DR_VIP,
  FAR_CLIENT,
  IPV6,
  ROUTELESS,
  SERVERS,
  SMALL_MTU_CLIENT,
  SMALL_MTU_SERVER,
  TUNNEL_PORT,
  UNKNOWN_SERVER,
  UNREACHABLE_SERVER,
  VIP,
} from '../fixtures/bed-addresses.js';
import { talk } from './ftp-talk.js';

/** The services that there may be, by number. Port 0: all ports. `mark`: of that mark, which has what is for the address and port. */
export const SERVICES = [
  { protocol: 'tcp', address: VIP, port: 80 },
  { protocol: 'tcp', address: DR_VIP, port: 80 },
  { protocol: 'udp', address: VIP, port: 53 },
  { protocol: 'udp', address: DR_VIP, port: 53 },
  { protocol: 'tcp', address: VIP, port: 8080 },
  { protocol: 'tcp', address: AWAY_VIP, port: 80 },
  { protocol: 'tcp', address: VIP, port: 0 },
  { protocol: 'udp', address: VIP, port: 0 },
  { protocol: 'tcp', address: DR_VIP, port: 0 },
  { protocol: 'sctp', address: VIP, port: 80 },
  { protocol: 'sctp', address: DR_VIP, port: 80 },
  { protocol: 'sctp', address: VIP, port: 2905 },
  { protocol: 'sctp', address: VIP, port: 0 },
  { protocol: 'sctp', address: IPV6.vip, port: 80 },
  { protocol: 'sctp', address: IPV6.drVip, port: 0 },
  { protocol: 'tcp', address: IPV6.vip, port: 80 },
  { protocol: 'udp', address: IPV6.vip, port: 53 },
  { protocol: 'tcp', address: IPV6.drVip, port: 80 },
  { protocol: 'tcp', address: IPV6.awayVip, port: 80 },
  { protocol: 'tcp', address: IPV6.vip, port: 0 },
  { protocol: 'udp', address: IPV6.drVip, port: 0 },
  { protocol: 'tcp', address: VIP, port: 21 },
  { protocol: 'tcp', address: IPV6.vip, port: 21 },
  { protocol: 'tcp', address: VIP, port: 8443, mark: 7 },
  { protocol: 'udp', address: VIP, port: 8443, mark: 7 },
  { protocol: 'sctp', address: VIP, port: 8443, mark: 7 },
  { protocol: 'tcp', address: IPV6.vip, port: 80, mark: 7 },
  { protocol: 'sctp', address: IPV6.drVip, port: 8443, mark: 7 },
  // Of the key exchange of AH and ESP.
  { protocol: 'udp', address: VIP, port: 500, mark: 7 },
  { protocol: 'udp', address: IPV6.vip, port: 500 },
] as const;

const SERVER_ADDRESSES = [...SERVERS, SERVERS[0], UNKNOWN_SERVER, SMALL_MTU_SERVER, UNREACHABLE_SERVER, '10.0.2.1'] as const;
/** The last three: one on the servers' side, the director's own, and one without a route. */
const CLIENTS = [CLIENT, CLIENT, FAR_CLIENT, SMALL_MTU_CLIENT, '10.0.1.77', SERVERS[2], '10.0.2.1', ROUTELESS] as const;
/** The IPv6 addresses of those hosts; some have no neighbour that the kernel knows. */
const SIX: Readonly<Record<string, string>> = {
  [CLIENT]: IPV6.client,
  [FAR_CLIENT]: IPV6.farClient,
  [SMALL_MTU_CLIENT]: IPV6.smallMtuClient,
  [SERVERS[0]]: IPV6.servers[0],
  [SERVERS[1]]: IPV6.servers[1],
  [SMALL_MTU_SERVER]: IPV6.smallMtuServer,
  [UNREACHABLE_SERVER]: IPV6.unreachableServer,
  '10.0.1.77': 'fd00:1::77',
  [SERVERS[2]]: 'fd00:2::13',
  [UNKNOWN_SERVER]: 'fd00:2::77',
  '10.0.2.1': IPV6.own.back,
  [ROUTELESS]: '2001:db8:99::9',
};

/** @throws Error for another address */
export function sixOf(address: string): string {
  const found = SIX[address];
  if (found === undefined) throw new Error(`no IPv6 address of ${address}`);
  return found;
}

/** TCP's flags; of SCTP, each stands for a chunk (traffic.ts). */
const LETTERS = ['S', 'S', 'SA', 'A', 'PA', 'FA', 'F', 'RA', 'R', 'P', 'SFA', ''] as const;

/** One of so many is there. */
const seldom = <T>(each: fc.Arbitrary<T>, many: number): fc.Arbitrary<T | null> =>
  fc.oneof({ weight: many - 1, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: each });

const service = fc.nat({ max: SERVICES.length - 1 });
/** From here on: one of the services that there are. */
export const LIVE = 100;
const chosen = fc.oneof({ weight: 1, arbitrary: service }, { weight: 9, arbitrary: fc.integer({ min: LIVE, max: LIVE + 20 }) });
const scheduler = fc.constantFrom(...schedulers.map(({ name }) => name));
/** The masks are those of a host, of a network, and of everybody; of IPv6 lengths of prefixes take their places (play.ts). */
const persistence = seldom(
  fc.record({
    timeout: fc.constantFrom(20, 61, 300),
    netmask: fc.constantFrom(0xffffffff, 0xffffffff, 0xffffff00, 0),
    /** --pe sip, if it is of UDP. */
    sip: fc.boolean(),
  }),
  2,
);
const serviceSpec = fc.record({
  service,
  scheduler,
  flags: fc.nat({ max: 3 }),
  onePacket: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
  persistence,
});
const server = fc.record({ address: fc.constantFrom(...SERVER_ADDRESSES), port: fc.constantFrom(80, 80, 8080, 53) });
const thresholds = fc.constantFrom([0, 0], [0, 0], [0, 0], [3, 0], [4, 2], [2, 2]);
const described = fc.record({
  method: fc.constantFrom(
    'masq' as const,
    'masq' as const,
    'masq' as const,
    'route' as const,
    'route' as const,
    'tunnel' as const,
    'fullnat' as const,
    'fullnat' as const,
  ),
  tunnel: fc.constantFrom(
    { type: 'ipip', port: 0, checksum: 'nocsum' } as const,
    { type: 'ipip', port: 0, checksum: 'nocsum' } as const,
    { type: 'gre', port: 0, checksum: 'nocsum' } as const,
    { type: 'gre', port: 0, checksum: 'csum' } as const,
    { type: 'gue', port: TUNNEL_PORT, checksum: 'nocsum' } as const,
    { type: 'gue', port: TUNNEL_PORT, checksum: 'csum' } as const,
    { type: 'gue', port: TUNNEL_PORT, checksum: 'remcsum' } as const,
  ),
  /** A server behind a tunnel has the other family than its service. */
  crossed: fc.boolean(),
  weight: fc.constantFrom(0, 1, 1, 2, 3, 10),
  thresholds,
});

const invite = (...headers: readonly string[]): string => ['INVITE sip:bob@example.net SIP/2.0', ...headers, '', ''].join('\r\n');
/** What a datagram carries, if not bytes without a meaning. */
const MESSAGES = [
  invite('Via: SIP/2.0/UDP 10.0.0.9', 'Call-ID: one@example.net'),
  invite('i:two', 'Call-ID: one@example.net'),
  invite(`CALL-ID : ${'x'.repeat(255)}`),
  invite(`Call-ID: ${'x'.repeat(256)}`),
  invite('Call-ID:', ' folded').replaceAll('\r', ''),
  'Call-ID: in the first line\r\n\r\n',
] as const;

/** How a packet differs from the plain one. */
const form = fc.record({
  ttl: fc.constantFrom(64, 64, 64, 64, 64, 2, 1, 255),
  data: fc.constantFrom(0, 0, 1, 33, 1380, 1460),
  message: fc.constantFrom('', '', ...MESSAGES),
  dontFragment: fc.boolean(),
  fragment: fc.constantFrom(
    'whole' as const,
    'whole' as const,
    'whole' as const,
    'whole' as const,
    'whole' as const,
    'first' as const,
    'later' as const,
  ),
  options: fc.constantFrom(0, 0, 0, 0, 4, 40),
  sum: fc.constantFrom('right' as const, 'right' as const, 'right' as const, 'wrong' as const, 'none' as const),
  /** Of each segment, where it is not cut yet (GSO); 0: it is. */
  segmentBytes: fc.constantFrom(0, 0, 0, 0, 0, 0, 500, 1400),
});

const spoilt = seldom(
  fc.record({
    changes: fc.array(fc.record({ at: fc.nat({ max: 90 }), value: fc.nat({ max: 255 }) }), { minLength: 1, maxLength: 3 }),
    cut: seldom(fc.integer({ min: 34, max: 80 }), 4),
    right: fc.boolean(),
  }),
  6,
);

/** Of a packet to a service of all ports, or to one of FTP. */
const port = fc.constantFrom(443, 80, 53, 8080, 9, 0, 20, 2000);
const client = fc.record({ address: fc.constantFrom(...CLIENTS), port: fc.constantFrom(40_000, 40_001, 40_002, 53, 20, 500) });
const letters = fc.constantFrom(...LETTERS);
/** Half of them open connections, so that a table fills now and then. */
const openers = fc.oneof(letters, fc.constant('S' as const));
const hook = fc.oneof(
  { weight: 40, arbitrary: fc.constant('in' as const) },
  { weight: 20, arbitrary: fc.constantFrom('lo' as const, 'out' as const) },
  /** By weir's own device, where the host's packet filter has let it pass. */
  { weight: 3, arbitrary: fc.constant('accepted' as const) },
);

const change = fc.oneof(
  { weight: 3, arbitrary: fc.record({ what: fc.constant('add service' as const), spec: serviceSpec }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('edit service' as const), spec: serviceSpec }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('delete service' as const), service: chosen }) },
  { weight: 8, arbitrary: fc.record({ what: fc.constant('add' as const), service: chosen, server, described }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('edit' as const), service: chosen, which: fc.nat(), described }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('delete' as const), service: chosen, which: fc.nat() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      what: fc.constant('sysctl' as const),
      setting: fc.constantFrom(
        ['conn_reuse_mode', '0'],
        ['conn_reuse_mode', '1'],
        ['conn_reuse_mode', '3'],
        ['expire_nodest_conn', '1'],
        ['expire_nodest_conn', '0'],
        ['expire_quiescent_template', '1'],
        ['expire_quiescent_template', '0'],
        ['secure_tcp', '3'],
        ['secure_tcp', '0'],
        ['sloppy_tcp', '1'],
        ['sloppy_tcp', '0'],
        ['sloppy_sctp', '1'],
        ['sloppy_sctp', '0'],
        ['lblcr_expiration', '-1'],
        ['nat_icmp_send', '1'],
        ['schedule_icmp', '1'],
        ['drop_packet', '3'],
        ['drop_packet', '3'],
        ['drop_packet', '0'],
        ['am_droprate', '2'],
        ['cache_bypass', '1'],
        ['pmtu_disc', '0'],
        ['pmtu_disc', '1'],
        ['cache_bypass', '0'],
        ['nat_icmp_send', '0'],
        ['schedule_icmp', '0'],
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      what: fc.constant('rp_filter' as const),
      device: fc.constantFrom('front' as const, 'front' as const, 'back' as const),
      value: fc.constantFrom(0 as const, 1 as const, 2 as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('firewall' as const), passes: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('grace' as const), seconds: fc.constantFrom(60, 60, 0) }) },
  {
    weight: 1,
    arbitrary: fc.record({ what: fc.constant('timeouts' as const), seconds: fc.constantFrom([0, 0, 10], [60, 30, 0], [900, 120, 300]) }),
  },
);

const packet = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({ what: fc.constant('request' as const), service: chosen, port, client, letters, form, spoilt, hook }),
  },
  {
    weight: 10,
    arbitrary: fc.record({ what: fc.constant('go on' as const), which: fc.nat(), fromServer: fc.boolean(), letters, form, spoilt, hook }),
  },
  {
    weight: 3,
    /** A server's packet to a client that may never have asked it. */
    arbitrary: fc.record({
      what: fc.constant('begin' as const),
      service: chosen,
      which: fc.nat(),
      client: fc.oneof(client, fc.record({ address: fc.constantFrom(...CLIENTS), port: fc.constantFrom(5060, 5061) })),
      letters,
      form,
      spoilt,
      hook,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      what: fc.constant('icmp' as const),
      which: fc.nat(),
      /** The error is about a packet of the server's, to the service's address; else about the client's. */
      toService: fc.boolean(),
      type: fc.constantFrom(3, 4, 5, 11),
      form,
      spoilt,
      hook,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      what: fc.constant('crowd' as const),
      service: chosen,
      port,
      count: fc.constantFrom(10, 70, 70),
      letters: openers,
    }),
  },
);

const passing = fc.record({ what: fc.constant('time' as const), seconds: fc.constantFrom(2, 5, 15, 65, 130, 400, 1000) });

const action = fc.oneof(
  { weight: 8, arbitrary: change },
  { weight: 60, arbitrary: packet },
  { weight: 2, arbitrary: talk },
  { weight: 2, arbitrary: passing },
);

/** The table that a history begins with, in most of them with the commonest services; and rp_filter of the clients' side. */
const beginning = fc.record({
  reversePath: fc.constantFrom(0 as const, 0 as const, 0 as const, 1 as const, 2 as const),
  services: fc.uniqueArray(serviceSpec, { selector: (spec) => spec.service, minLength: 1, maxLength: 4 }),
  destinations: fc.array(fc.record({ service: chosen, server, described }), { minLength: 2, maxLength: 10 }),
});

const HISTORY_MAX_ACTIONS = 150;

export const history = fc.record({ beginning, actions: fc.array(action, { minLength: 1, maxLength: HISTORY_MAX_ACTIONS, size: 'max' }) });

/** A packet without anything special. */
export const PLAIN: Form = {
  ttl: 64,
  data: 0,
  message: '',
  dontFragment: true,
  fragment: 'whole',
  options: 0,
  sum: 'right',
  segmentBytes: 0,
};

type Of<A> = A extends fc.Arbitrary<infer T> ? T : never;
export type History = Of<typeof history>;
export type Action = Of<typeof action>;
export type ChangeAction = Of<typeof change>;
export type PacketAction = Of<typeof packet>;
export type Form = Of<typeof form>;
export type Spoilt = Of<typeof spoilt>;
