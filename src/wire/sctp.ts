// SCTP (RFC 9260): its header and chunks, and its checksum, CRC32c (appendix A):
//
//      0                   1                   2                   3
//     |          source port          |       destination port        |
//     |                       verification tag                        |
//     |                 checksum (little-endian)                      |
//     |  chunk type   |     flags     |            length             |  and the chunk's value, padded to 4 bytes; more chunks
import { viewOf } from './bytes.js';
import { crc32c, crc32cAround } from './crc32c.js';

export const SCTP_HEADER_BYTES = 12;
export const SCTP_CHUNK_BYTES = 4;
const CHECKSUM_AT = 8;

/** The checksum that a packet should have: its own counts as 0. */
export const sctpChecksum = (packet: Uint8Array): number => crc32cAround(packet, CHECKSUM_AT);

export const readSctpChecksum = (packet: Uint8Array): number => viewOf(packet).getUint32(CHECKSUM_AT, true);

export function writeSctpChecksum(packet: Uint8Array, checksum: number): void {
  viewOf(packet).setUint32(CHECKSUM_AT, checksum, true);
}

export const ChunkType = {
  data: 0,
  init: 1,
  initAck: 2,
  sack: 3,
  heartbeat: 4,
  heartbeatAck: 5,
  abort: 6,
  shutdown: 7,
  shutdownAck: 8,
  error: 9,
  cookieEcho: 10,
  cookieAck: 11,
  shutdownComplete: 14,
} as const;

export interface SctpChunk {
  readonly type: number;
  readonly flags?: number;
  readonly value?: Uint8Array;
}

export interface SctpPacket {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly tag: number;
  readonly chunks: readonly SctpChunk[];
  /** Default: the right one. */
  readonly checksum?: number;
}

const padded = (length: number): number => (length + 3) & ~3;

export function encodeSctp({ sourcePort, destinationPort, tag, chunks, checksum }: SctpPacket): Uint8Array {
  const sizes = chunks.map(({ value }) => SCTP_CHUNK_BYTES + (value?.length ?? 0));
  const out = new Uint8Array(SCTP_HEADER_BYTES + sizes.reduce((sum, size) => sum + padded(size), 0));
  const view = viewOf(out);
  view.setUint16(0, sourcePort);
  view.setUint16(2, destinationPort);
  view.setUint32(4, tag);
  let at = SCTP_HEADER_BYTES;
  chunks.forEach(({ type, flags = 0, value = new Uint8Array() }, i) => {
    const size = sizes[i] ?? SCTP_CHUNK_BYTES;
    out.set([type, flags], at);
    view.setUint16(at + 2, size);
    out.set(value, at + SCTP_CHUNK_BYTES);
    at += padded(size);
  });
  writeSctpChecksum(out, checksum ?? crc32c(out));
  return out;
}
