// What the wide builds must do with services of all ports, where the server's port is the virtual one, and of firewall marks.
import type { Family } from '../../../../model/address.js';
import { FAR_MAC } from '../pair.js';
import type { SideProgram } from '../side-check.js';
import {
  A,
  arrives,
  balances,
  changed,
  destination,
  type End,
  leavesTo,
  localServer,
  MACS,
  type Path,
  PLACES,
  S,
  type StagedService,
  tcp,
  untouched,
  type Vector,
} from './vector.js';

const MARK = 0x80000003;

/** The services of the trials of a wide build. */
export function wideStage(family: Family): readonly StagedService[] {
  const { vip, secondVip, thirdVip, elsewhere, server, routed, local } = PLACES[family];
  const [masqueraded, sent] = [destination(server, 0, 'masq'), destination(routed, 0, 'route')];
  const all = { port: 0, persistent: true, local: true } as const;
  return [
    { ...all, protocol: 'tcp', address: vip, destination: masqueraded, hop: MACS.server },
    { ...all, protocol: 'udp', address: vip, destination: masqueraded, hop: MACS.server },
    { ...all, protocol: 'tcp', address: secondVip, destination: sent, hop: MACS.routed },
    { ...all, protocol: 'tcp', address: thirdVip, destination: destination(local, 0, 'masq'), hop: undefined },
    { ...all, protocol: 'tcp', address: elsewhere, destination: masqueraded, hop: MACS.server, local: false },
    { mark: MARK, protocol: 'tcp', address: vip, port: 0, destination: destination(server, 8080, 'masq'), hop: MACS.server, local: true },
  ];
}

const CUT_AT = { inet: 50, inet6: 70 } as const;

/** A connection that begins on weir's own device, by its mark, where forwarding has lowered the TTL; later packets need none. */
function marked(family: Family): readonly Vector<SideProgram>[] {
  const { client, unused, server } = PLACES[family];
  const [there, virtual, real]: readonly [End, End, End] = [
    { at: client, port: 40006 },
    { at: unused, port: 443 },
    { at: server, port: 8080 },
  ];
  const led: Path = { ...arrives, ttl: arrives.ttl - 1 };
  const first = tcp(led, there, virtual, S);
  return [
    untouched('ingress', 'a SYN before it has its mark', tcp(arrives, there, virtual, S)),
    { ...changed('mark', 'a SYN with the mark of a service', first, 'redirect', tcp(leavesTo(MACS.server), there, real, S)), mark: MARK },
    changed(
      'ingress',
      'the answer to a SYN with a mark',
      tcp(arrives, real, there, S | A),
      'redirect',
      tcp(leavesTo(MACS.client), virtual, there, S | A),
    ),
    changed(
      'ingress',
      'data of a connection that began with a mark',
      tcp(arrives, there, virtual, A),
      'redirect',
      tcp(leavesTo(MACS.server), there, real, A),
    ),
    {
      ...changed(
        'mark',
        'a SYN with another mark',
        tcp(led, { ...there, port: 40007 }, virtual, S),
        'pass',
        tcp({ ...arrives, to: FAR_MAC }, { ...there, port: 40007 }, virtual, S),
      ),
      mark: MARK - 1,
    },
  ];
}

/** `known`: the program for packets that an exact service has no connection for; `mark`: that for packets on weir's own device. */
export function makeWideVectors(family: Family): readonly Vector<SideProgram>[] {
  const { vip, secondVip, thirdVip, unused, elsewhere, client, server, local } = PLACES[family];
  const [service, real, there]: readonly [End, End, End] = [
    { at: vip, port: 4711 },
    { at: server, port: 4711 },
    { at: client, port: 40001 },
  ];
  const form = {
    client,
    unused: { at: unused, port: 80 },
    stranger: { at: local, port: 9999 },
    tcp: { service, server: real },
    udp: { service: { at: vip, port: 53 }, server: { at: server, port: 53 } },
    routed: { at: secondVip, port: 81 },
    cutAt: CUT_AT[family],
  };
  return [
    ...balances('ingress', there.port, form),
    changed(
      'known',
      'data of a connection that is older than an exact service',
      tcp(arrives, there, service, A),
      'redirect',
      tcp(leavesTo(MACS.server), there, real, A),
    ),
    untouched('known', 'a packet without a connection', tcp(arrives, { at: client, port: 40077 }, service, A)),
    untouched(
      'ingress',
      'a SYN for an address that is not on the host',
      tcp(arrives, { at: client, port: 40005 }, { at: elsewhere, port: 80 }, S),
    ),
    ...localServer(client, { at: thirdVip, port: 82 }, { at: local, port: 82 }),
    ...marked(family),
  ];
}
