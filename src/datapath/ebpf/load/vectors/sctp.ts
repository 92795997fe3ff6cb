// What the builds of SCTP must do: associations by VS/NAT, also to another port, and by VS/DR, with the checksum of the whole packet.
import type { Family } from '../../../../model/address.js';
import { IpProtocol } from '../../../../model/ip-protocol.js';
import { ChunkType, encodeSctp, type SctpChunk } from '../../../../wire/sctp.js';
import { FAR_MAC } from '../pair.js';
import type { SideProgram } from '../side-check.js';
import {
  arrives,
  changed,
  DATA,
  destination,
  type End,
  frame,
  leavesTo,
  MACS,
  type Path,
  PLACES,
  type StagedService,
  spoilt,
  untouched,
  type Vector,
} from './vector.js';

const MARK = 0x80000003;

/** The services of the trials of an SCTP build. */
export function sctpStage(family: Family): readonly StagedService[] {
  const { vip, server, routed } = PLACES[family];
  return [
    { protocol: 'sctp', address: vip, port: 2905, destination: destination(server, 2906, 'masq'), hop: MACS.server, local: true },
    { protocol: 'sctp', address: vip, port: 36412, destination: destination(routed, 36412, 'route'), hop: MACS.routed, local: true },
  ];
}

/** The services of the trials of a wide SCTP build. */
export function wideSctpStage(family: Family): readonly StagedService[] {
  const { vip, secondVip, server, routed } = PLACES[family];
  const all = { protocol: 'sctp', port: 0, persistent: true, local: true } as const;
  return [
    { ...all, address: vip, destination: destination(server, 0, 'masq'), hop: MACS.server },
    { ...all, address: secondVip, destination: destination(routed, 0, 'route'), hop: MACS.routed },
    { mark: MARK, protocol: 'sctp', address: vip, port: 0, destination: destination(server, 3868, 'masq'), hop: MACS.server, local: true },
  ];
}

const INIT: SctpChunk = { type: ChunkType.init, value: Uint8Array.of(0, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 9) };
const INIT_ACK: SctpChunk = { ...INIT, type: ChunkType.initAck };
const COOKIE: SctpChunk = { type: ChunkType.cookieEcho, value: DATA };
const COOKIE_ACK: SctpChunk = { type: ChunkType.cookieAck };
const PAYLOAD: SctpChunk = { type: ChunkType.data, flags: 3, value: Uint8Array.of(0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, ...DATA) };

const sctp = (path: Path, source: End, target: End, ...chunks: readonly SctpChunk[]): Uint8Array =>
  frame(
    path,
    IpProtocol.sctp,
    source.at,
    target.at,
    encodeSctp({ sourcePort: source.port, destinationPort: target.port, tag: chunks.includes(INIT) ? 0 : 77, chunks }),
  );

/** In a frame: within SCTP's header, and within its first chunk. */
const AT = { inet: { header: 40, chunk: 50 }, inet6: { header: 60, chunk: 70 } } as const;

interface Ends {
  readonly there: End;
  readonly service: End;
  readonly real: End;
  readonly sent: End;
}

function associations(family: Family, { there, service, real, sent }: Ends): readonly Vector<'ingress' | 'egress'>[] {
  const { unused, client, server } = PLACES[family];
  const ask = (name: string, ...chunks: readonly SctpChunk[]): Vector<'ingress'> =>
    changed('ingress', name, sctp(arrives, there, service, ...chunks), 'redirect', sctp(leavesTo(MACS.server), there, real, ...chunks));
  const reply = (name: string, ...chunks: readonly SctpChunk[]): Vector<'ingress'> =>
    changed('ingress', name, sctp(arrives, real, there, ...chunks), 'redirect', sctp(leavesTo(MACS.client), service, there, ...chunks));
  const toRouted = (path: Path, ...chunks: readonly SctpChunk[]): Uint8Array => sctp(path, there, sent, ...chunks);
  const at = AT[family];
  return [
    untouched('ingress', 'a packet for no service', sctp(arrives, there, { at: unused, port: 2905 }, INIT)),
    ask('the INIT of an association to be masqueraded', INIT),
    reply('the masqueraded INIT ACK', INIT_ACK),
    ask('a COOKIE ECHO with data', COOKIE, PAYLOAD),
    reply('the masqueraded COOKIE ACK', COOKIE_ACK),
    ask('data of a masqueraded association', PAYLOAD),
    reply('masqueraded data', PAYLOAD, PAYLOAD),
    changed('ingress', 'an INIT to be routed', toRouted(arrives, INIT), 'redirect', toRouted(leavesTo(MACS.routed), INIT)),
    untouched('ingress', 'a packet without an association', sctp(arrives, { at: client, port: 40099 }, service, PAYLOAD)),
    changed(
      'ingress',
      'a wrong checksum, which stays wrong',
      spoilt(sctp(arrives, there, service, PAYLOAD), at.chunk),
      'redirect',
      spoilt(sctp(leavesTo(MACS.server), there, real, PAYLOAD), at.chunk),
    ),
    untouched('ingress', 'a packet cut short', sctp(arrives, there, service, PAYLOAD).slice(0, at.header)),
    untouched('egress', 'what the director itself sends', sctp(arrives, { at: server, port: 9 }, there, PAYLOAD)),
  ];
}

const from = (family: Family): End => ({ at: PLACES[family].client, port: 40001 });

export function makeSctpVectors(family: Family): readonly Vector<'ingress' | 'egress'>[] {
  const { vip, server } = PLACES[family];
  const [service, real, sent]: readonly [End, End, End] = [
    { at: vip, port: 2905 },
    { at: server, port: 2906 },
    { at: vip, port: 36412 },
  ];
  return associations(family, { there: from(family), service, real, sent });
}

/** An association that begins on weir's own device, by its mark, where forwarding has lowered the TTL; later packets need none. */
function marked(family: Family): readonly Vector<SideProgram>[] {
  const { client, unused, server } = PLACES[family];
  const [there, virtual, real]: readonly [End, End, End] = [
    { at: client, port: 40006 },
    { at: unused, port: 443 },
    { at: server, port: 3868 },
  ];
  const led: Path = { ...arrives, ttl: arrives.ttl - 1 };
  const toServer = (...chunks: readonly SctpChunk[]): Uint8Array => sctp(leavesTo(MACS.server), there, real, ...chunks);
  const first = sctp(led, there, virtual, INIT);
  const answered = sctp(leavesTo(MACS.client), virtual, there, INIT_ACK);
  const past = sctp({ ...arrives, to: FAR_MAC }, there, virtual, PAYLOAD);
  return [
    untouched('ingress', 'an INIT before it has its mark', sctp(arrives, there, virtual, INIT)),
    { ...changed('mark', 'data with the mark of a service', sctp(led, there, virtual, PAYLOAD), 'pass', past), mark: MARK },
    { ...changed('mark', 'an INIT with the mark of a service', first, 'redirect', toServer(INIT)), mark: MARK },
    changed('ingress', 'the answer to an INIT with a mark', sctp(arrives, real, there, INIT_ACK), 'redirect', answered),
    changed('ingress', 'a COOKIE ECHO without the mark', sctp(arrives, there, virtual, COOKIE), 'redirect', toServer(COOKIE)),
  ];
}

/** `known`: the program for packets that an exact service has no association for; `mark`: that for packets on weir's own device. */
export function makeWideSctpVectors(family: Family): readonly Vector<SideProgram>[] {
  const { vip, secondVip, server } = PLACES[family];
  const there = from(family);
  const [service, real]: readonly [End, End] = [
    { at: vip, port: 2905 },
    { at: server, port: 2905 },
  ];
  const older = 'data of an association that is older than an exact service';
  return [
    ...associations(family, { there, service, real, sent: { at: secondVip, port: 36412 } }),
    changed('known', older, sctp(arrives, there, service, PAYLOAD), 'redirect', sctp(leavesTo(MACS.server), there, real, PAYLOAD)),
    ...marked(family),
  ];
}
