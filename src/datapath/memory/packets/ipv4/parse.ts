// The IPv4 header of a frame, with its checksum and the lengths validated.
import { viewOf } from '../../../../wire/bytes.js';
import { internetChecksum } from '../../../../wire/checksum.js';
import { ETHERNET_BYTES } from '../ethernet.js';
import { readIpv4 } from '../ip.js';
import type { IpPacket, Parsed } from '../packet.js';
import { readTransport, wholeBy } from '../transport.js';
import { hasSourceRoute } from './options.js';

export const IPV4_BYTES = 20;
/** The length of a packet that GRO made of more than 65,535 bytes, whose header has 0. */
const NO_LENGTH_BYTES = 0xffff;
const [MORE_AND_OFFSET, MORE, OFFSET, DONT_FRAGMENT] = [0x3fff, 0x2000, 0x1fff, 0x4000];
/** The unit of a fragment's offset. */
const OFFSET_BYTES = 8;

function headersOf(frame: Uint8Array, isLarge: boolean): Parsed {
  if (frame.length < ETHERNET_BYTES + IPV4_BYTES) return { kind: 'bad' };
  const view = viewOf(frame);
  const first = view.getUint8(ETHERNET_BYTES);
  const header = (first & 15) * 4;
  if (first >> 4 !== 4 || header < IPV4_BYTES) return { kind: 'bad' };
  const fragment = view.getUint16(ETHERNET_BYTES + 6);
  const length = view.getUint16(ETHERNET_BYTES + 2) || NO_LENGTH_BYTES;
  const packet: IpPacket = {
    family: 'inet',
    source: readIpv4(frame, ETHERNET_BYTES + 12),
    destination: readIpv4(frame, ETHERNET_BYTES + 16),
    protocol: view.getUint8(ETHERNET_BYTES + 9),
    length,
    header,
    ttl: view.getUint8(ETHERNET_BYTES + 8),
    dontFragment: (fragment & DONT_FRAGMENT) !== 0,
    fragment: (fragment & MORE_AND_OFFSET) !== 0,
    isLarge,
    bytes: length,
  };
  const options = frame.subarray(ETHERNET_BYTES + IPV4_BYTES, ETHERNET_BYTES + header);
  const at = (fragment & OFFSET) * OFFSET_BYTES;
  const part = {
    id: view.getUint16(ETHERNET_BYTES + 4),
    later: at !== 0,
    ends: 0,
    behind: false,
    span: { from: at, to: (fragment & MORE) !== 0 ? at + length - header : undefined },
    passes: hasSourceRoute(options),
    whole: wholeBy(at, (fragment & MORE) !== 0, packet),
  };
  return readTransport(frame, packet, packet.fragment ? part : undefined);
}

/** Reads an IPv4 packet as the programs do; of AH and ESP only what is plain is looked at. */
export function parseIpv4(frame: Uint8Array, gsoSize: number): Parsed {
  const parsed = parseWhole(frame, gsoSize);
  const { packet } = parsed;
  return packet?.portless && (parsed.kind !== 'ok' || gsoSize > 0) ? { kind: 'other' } : parsed;
}

function parseWhole(frame: Uint8Array, gsoSize: number): Parsed {
  const parsed = headersOf(frame, gsoSize > 0);
  const { packet } = parsed;
  if (packet === undefined || (parsed.kind !== 'ok' && parsed.kind !== 'fragment')) return parsed;
  const end = ETHERNET_BYTES + packet.header;
  if (frame.length < end || internetChecksum(frame.subarray(ETHERNET_BYTES, end)) !== 0) return { kind: 'bad sum', packet };
  if (parsed.kind === 'ok' && hasSourceRoute(frame.subarray(ETHERNET_BYTES + IPV4_BYTES, end))) return { kind: 'other' };
  const room = frame.length - ETHERNET_BYTES;
  const counted = gsoSize > 0 ? { ...packet, bytes: room } : packet;
  if (parsed.kind !== 'ok' || packet.length <= room) return { kind: parsed.kind, packet: counted };
  if (packet.length !== NO_LENGTH_BYTES || gsoSize === 0) return { kind: 'bad', packet };
  return { kind: 'ok', packet: { ...counted, length: room } };
}
