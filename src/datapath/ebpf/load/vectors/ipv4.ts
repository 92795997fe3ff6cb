// What the programs on the links must do with IPv4, before they are attached, in this order: a connection that one packet opens is used by the
// next. Their next hops are cached: nothing depends on the host's addresses, routes or neighbours.
import {
  arrives,
  balances,
  destination,
  type Form,
  localServer,
  MACS,
  PLACES,
  S,
  type StagedService,
  spoilt,
  tcp,
  untouched,
  type Vector,
} from './vector.js';

/** A vector of one of the programs on the links. */
export type LinkVector = Vector<'xdp' | 'ingress' | 'egress'>;

const { vip, unused, elsewhere, client, server, routed, local } = PLACES.inet;

export const STAGE: readonly StagedService[] = [
  { protocol: 'tcp', address: vip, port: 80, destination: destination(server, 8080, 'masq'), hop: MACS.server, local: true },
  { protocol: 'udp', address: vip, port: 53, destination: destination(server, 5353, 'masq'), hop: MACS.server, local: true },
  { protocol: 'tcp', address: vip, port: 81, destination: destination(routed, 81, 'route'), hop: MACS.routed, local: true },
  { protocol: 'tcp', address: vip, port: 82, destination: destination(local, 8082, 'masq'), hop: undefined, local: true },
  { protocol: 'tcp', address: elsewhere, port: 80, destination: destination(server, 8080, 'masq'), hop: MACS.server, local: false },
];

const IP_CHECKSUM = 24;
const IN_TCP_HEADER = 50;

const form: Form = {
  client,
  unused: { at: unused, port: 80 },
  stranger: { at: server, port: 9999 },
  tcp: { service: { at: vip, port: 80 }, server: { at: server, port: 8080 } },
  udp: { service: { at: vip, port: 53 }, server: { at: server, port: 5353 } },
  routed: { at: vip, port: 81 },
  cutAt: IN_TCP_HEADER,
};

/** What both hooks do alike. */
const both = (program: 'xdp' | 'ingress', port: number): readonly LinkVector[] => [
  ...balances(program, port, form),
  untouched(program, 'a wrong IP checksum', spoilt(tcp(arrives, { at: client, port }, form.tcp.service, S), IP_CHECKSUM)),
];

/** Made on demand: most commands load nothing. */
export const makeVectors = (): readonly LinkVector[] => [
  ...both('ingress', 40001),
  ...both('xdp', 40002),
  // XDP runs on lo, by which clients on the host come: for them the address need not be local.
  untouched(
    'ingress',
    'a SYN for an address that is not on the host',
    tcp(arrives, { at: client, port: 40005 }, { at: elsewhere, port: 80 }, S),
  ),
  ...localServer(client, { at: vip, port: 82 }, { at: local, port: 8082 }),
];
