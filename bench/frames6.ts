// The bench's IPv6 frames: TCP from clients, as the wrapper program (put_words6 in bench/wrap.bpf.c) keeps them.
import { fold, sumWords } from './checksums.js';
import type { FlowFrame, Template } from './frames.js';

export const wordOffsets6 = [0, 6, 14, 22, 30, 38, 46, 54, 62, 70, 72] as const;
/** Six bytes more than the headers take: Ethernet allows padding. */
export const FRAME6_LENGTH = 80;

const IP_AT = 14;
const SOURCE_AT = IP_AT + 8;
const TARGET_AT = IP_AT + 24;
const PREFIX_BYTES = 12;
const L4_AT = IP_AT + 40;
const L4_LENGTH = 20;
const TCP = 6;

const putHeaders = (view: DataView, bytes: Uint8Array, frame: FlowFrame, prefix: Uint8Array): void => {
  bytes.set(frame.targetMac, 0);
  bytes.set(frame.sourceMac, 6);
  view.setUint16(12, 0x86dd);
  view.setUint32(IP_AT, 0x60000000);
  view.setUint16(IP_AT + 4, L4_LENGTH);
  view.setUint8(IP_AT + 6, TCP);
  view.setUint8(IP_AT + 7, 64);
  for (const [at, end] of [
    [SOURCE_AT, frame.source],
    [TARGET_AT, frame.target],
  ] as const) {
    bytes.set(prefix, at);
    view.setUint32(at + PREFIX_BYTES, end);
  }
  view.setUint16(L4_AT, frame.sourcePort);
  view.setUint16(L4_AT + 2, frame.targetPort);
  view.setUint32(L4_AT + 4, 0x1000);
  view.setUint16(L4_AT + 12, 0x5000 | frame.flags);
  view.setUint16(L4_AT + 14, 0xffff);
};

/** The words of a frame without a checksum, and without the client's port and the end of its address. */
const holed = (bytes: Uint8Array): readonly bigint[] => {
  const copy = new Uint8Array(bytes);
  copy.fill(0, SOURCE_AT + PREFIX_BYTES, SOURCE_AT + 16);
  copy.fill(0, L4_AT, L4_AT + 2);
  const view = new DataView(copy.buffer);
  return wordOffsets6.map((offset) => view.getBigUint64(offset, true));
};

/** As `template` of frames.ts. @throws Error for what the wrapper cannot make: UDP, and frames to clients */
export const template6 = (frame: FlowFrame, prefix: Uint8Array): Template => {
  if (frame.protocol !== 'tcp' || frame.varies !== 'source') throw new Error('frames of IPv6 are TCP from clients');
  const bytes = new Uint8Array(FRAME6_LENGTH);
  const view = new DataView(bytes.buffer);
  putHeaders(view, bytes, frame, prefix);
  const pseudo = TCP + L4_LENGTH + sumWords(view, SOURCE_AT, L4_AT);
  const sum = pseudo + sumWords(view, L4_AT, L4_AT + L4_LENGTH);
  const words = holed(bytes);
  view.setUint16(L4_AT + 16, fold(sum));
  return { bytes, words, ipSum: 0, l4Sum: sum - (frame.source >>> 16) - (frame.source & 0xffff) - frame.sourcePort };
};
