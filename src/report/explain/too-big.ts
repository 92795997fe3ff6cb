// A packet that is larger than what its next hop takes: by how much, and which size its sender learns.
import { type Ip, textOf } from '../../datapath/memory/packets/ip.js';
import { parseFrame } from '../../datapath/memory/packets/parse.js';
import { viewOf } from '../../wire/bytes.js';
import { IcmpType } from '../../wire/icmp.js';
import { decodeIpv4 } from '../../wire/ipv4.js';
import { decodeIpv6 } from '../../wire/ipv6.js';
import type { Described } from './described.js';
import { lastOf } from './events.js';
import type { Explanation } from './explanation.js';

const LINK_BYTES = 14;
const PACKET_TOO_BIG = 2;

/** The size that an ICMP error names (RFC 1191, RFC 4443); null: it names none, or the frame is none. */
function namedBy(frame: Uint8Array): number | null {
  const bytes = frame.subarray(LINK_BYTES);
  const isFour = parseFrame(frame, 0).packet?.family === 'inet';
  const message = (isFour ? decodeIpv4(bytes) : decodeIpv6(bytes))?.payload;
  if (message === undefined || message.length < 8) return null;
  const view = viewOf(message);
  if (isFour) return message[0] === IcmpType.unreachable ? view.getUint16(6) : null;
  return message[0] === PACKET_TOO_BIG ? view.getUint32(4) : null;
}

/** null: it is not too large. */
export function tooBigOf({ found, frame, nameOf }: Described): Explanation['tooBig'] {
  const { events, hops, outcome, reasons } = found;
  if (!reasons.includes('too_big')) return null;
  const reply = lastOf(events, 'reply')?.connection;
  const known = (lastOf(events, 'begun') ?? lastOf(events, 'connection'))?.connection;
  const server = known?.destination ?? lastOf(events, 'scheduled')?.chosen;
  const to: Ip | undefined = reply?.client.address ?? server?.address;
  const hop = hops.find(({ address, answer }) => address === to && answer.kind === 'ready');
  if (hop?.ifindex === undefined || hop.answer.kind !== 'ready') return null;
  const isTunnel = reply === undefined && (known?.method ?? server?.method) === 'tunnel';
  return {
    bytes: parseFrame(frame, 0).packet?.length ?? 0,
    device: nameOf(hop.ifindex),
    neighbour: hop.neighbour === undefined ? null : textOf(hop.neighbour),
    mtu: hop.answer.mtu,
    tunnel: isTunnel && server !== undefined ? server.tunnel.type : null,
    named: outcome.verdict === 'redirect' ? namedBy(outcome.frame) : null,
  };
}
