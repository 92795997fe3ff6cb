// Frames that are spoilt: bytes overwritten, taken out, put in or cut off; with right checksums again or not, so that what was spoilt is looked at
// and not the sum alone.
import { IpProtocol } from '../../../src/model/ip-protocol.js';
import { decodeAddress } from '../../../src/wire/address-bytes.js';
import { concat, viewOf } from '../../../src/wire/bytes.js';
import { internetChecksum, pseudoHeaderSum } from '../../../src/wire/checksum.js';
import { SCTP_HEADER_BYTES, sctpChecksum, writeSctpChecksum } from '../../../src/wire/sctp.js';
import fc from '../../support/properties.js';

const ETHERNET = 14;
const [IPV4_BYTES, IPV6_BYTES] = [20, 40] as const;

/** Where the checksum stands in what IP carries. */
const SUM_AT: Readonly<Record<number, number>> = {
  [IpProtocol.tcp]: 16,
  [IpProtocol.udp]: 6,
  [IpProtocol.icmp]: 2,
  [IpProtocol.icmpv6]: 2,
};

/** Extension headers with a length byte: hop by hop, routing, destination options. */
const LONG_EXTENSIONS: ReadonlySet<number> = new Set([0, 43, 60]);

const change = fc.oneof(
  { weight: 6, arbitrary: fc.record({ what: fc.constant('byte' as const), at: fc.nat({ max: 110 }), value: fc.nat({ max: 255 }) }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('bit' as const), at: fc.nat({ max: 110 }), value: fc.nat({ max: 7 }) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('without' as const), at: fc.nat({ max: 110 }), value: fc.nat({ max: 12 }) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('more' as const), at: fc.nat({ max: 110 }), value: fc.nat({ max: 12 }) }) },
);

/** How one frame is spoilt; `sums`: which checksums are right afterwards, and `lengths`: whether IP's length is. */
export const spoilt = fc.record({
  changes: fc.array(change, { maxLength: 4 }),
  cut: fc.option(fc.nat({ max: 160 }), { freq: 4 }),
  sums: fc.constantFrom('as they are' as const, 'IP' as const, 'all' as const, 'all' as const),
  lengths: fc.boolean(),
});
export type Spoilt = typeof spoilt extends fc.Arbitrary<infer T> ? T : never;

function changed(packet: Uint8Array, { what, at, value }: Spoilt['changes'][number]): Uint8Array {
  if (at >= packet.length) return packet;
  const [before, after] = [packet.subarray(0, at), packet.subarray(at)];
  if (what === 'without') return concat(before, after.subarray(value));
  if (what === 'more') return concat(before, new Uint8Array(value).fill(value), after);
  const copy = packet.slice();
  copy[at] = what === 'byte' ? value : (copy[at] ?? 0) ^ (1 << value);
  return copy;
}

interface Carried {
  readonly protocol: number;
  readonly at: number;
  readonly end: number;
}

function carriedBy4(packet: Uint8Array): Carried {
  const header = ((packet[0] ?? 0) & 15) * 4;
  return { protocol: packet[9] ?? 0, at: header, end: Math.min(packet.length, viewOf(packet).getUint16(2)) };
}

function carriedBy6(packet: Uint8Array): Carried {
  let [protocol, at]: [number, number] = [packet[6] ?? 0, IPV6_BYTES];
  while (LONG_EXTENSIONS.has(protocol) && at + 2 <= packet.length) [protocol, at] = [packet[at] ?? 0, at + ((packet[at + 1] ?? 0) + 1) * 8];
  return { protocol, at, end: Math.min(packet.length, IPV6_BYTES + viewOf(packet).getUint16(4)) };
}

/** Writes the checksum of what IP carries. */
function sumCarried(packet: Uint8Array, { protocol, at, end }: Carried): void {
  if (end <= at) return;
  const payload = packet.subarray(at, end);
  if (protocol === IpProtocol.sctp) {
    if (payload.length >= SCTP_HEADER_BYTES) writeSctpChecksum(payload, sctpChecksum(payload));
    return;
  }
  const sumAt = SUM_AT[protocol];
  if (sumAt === undefined || payload.length < sumAt + 2) return;
  const is6 = (packet[0] ?? 0) >> 4 === 6;
  const [source, destination] = is6
    ? [decodeAddress(packet.subarray(8, 24)), decodeAddress(packet.subarray(24, 40))]
    : [decodeAddress(packet.subarray(12, 16)), decodeAddress(packet.subarray(16, 20))];
  if (source === undefined || destination === undefined) return;
  const initial = protocol === IpProtocol.icmp ? 0 : pseudoHeaderSum(source, destination, protocol, payload.length);
  payload.set([0, 0], sumAt);
  const sum = internetChecksum(payload, initial);
  payload.set([sum >> 8, sum & 0xff], sumAt);
}

/** Makes lengths and checksums right in `packet` itself. */
function repair(packet: Uint8Array, { sums, lengths }: Spoilt): void {
  const version = (packet[0] ?? 0) >> 4;
  const header = version === 4 ? ((packet[0] ?? 0) & 15) * 4 : IPV6_BYTES;
  if ((version !== 4 && version !== 6) || header < IPV4_BYTES || packet.length < header) return;
  const view = viewOf(packet);
  if (lengths) view.setUint16(version === 4 ? 2 : 4, version === 4 ? packet.length : packet.length - IPV6_BYTES);
  if (sums === 'as they are') return;
  if (sums === 'all') sumCarried(packet, version === 4 ? carriedBy4(packet) : carriedBy6(packet));
  if (version === 6) return;
  view.setUint16(10, 0);
  view.setUint16(10, internetChecksum(packet.subarray(0, header)));
}

/** The frame spoilt behind its Ethernet header, which stays. */
export function spoil(frame: Uint8Array, how: Spoilt): Uint8Array {
  let packet: Uint8Array = frame.slice(ETHERNET);
  for (const each of how.changes) packet = changed(packet, each);
  if (how.cut !== null) packet = packet.slice(0, how.cut);
  repair(packet, how);
  return concat(frame.subarray(0, ETHERNET), packet);
}
