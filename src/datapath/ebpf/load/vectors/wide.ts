// What the wide builds must do with services of all ports: the server's port is the virtual one.
import type { Family } from '../../../../model/address.js';
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
  PLACES,
  S,
  type StagedService,
  tcp,
  untouched,
  type Vector,
} from './vector.js';

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
  ];
}

const CUT_AT = { inet: 50, inet6: 70 } as const;

/** `known`: the program for packets that an exact service has no connection for. */
export function makeWideVectors(family: Family): readonly Vector<'ingress' | 'egress' | 'known'>[] {
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
  ];
}
