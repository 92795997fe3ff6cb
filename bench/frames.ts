// The frames that the bench sends, as the wrapper program (bench/wrap.bpf.c) keeps them: words with holes where a flow's
// address and port go, and the sums of everything else, so that both checksums are right for every flow.

import { fold, sumWords } from './checksums.js';
import { template6 } from './frames6.js';

export interface FlowFrame {
  readonly protocol: 'tcp' | 'udp';
  /** TCP flags, as in the header (SYN 0x02, ACK 0x10); nothing for UDP. */
  readonly flags: number;
  readonly sourceMac: Uint8Array;
  readonly targetMac: Uint8Array;
  /** IPv6: the first 12 bytes of both addresses. */
  readonly prefix?: Uint8Array;
  /** IPv4 addresses, or the last 32 bits of IPv6 ones, as numbers, host order; of the side that varies: flow 0's. */
  readonly source: number;
  readonly target: number;
  readonly sourcePort: number;
  readonly targetPort: number;
  /** Which side's address and port change from flow to flow: a request's client or a reply's. */
  readonly varies: 'source' | 'target';
}

/** What the wrapper needs of a frame. `words`: overlapping ones, of IPv4 those at `wordOffsets`; the sums are of 16-bit words, unfolded. */
export interface Template {
  readonly bytes: Uint8Array;
  readonly words: readonly bigint[];
  readonly ipSum: number;
  readonly l4Sum: number;
}
/** Of any template. */
export const WORDS_MAX = 11;

export const wordOffsets = [0, 6, 14, 22, 26, 34, 42, 50, 56] as const;
export const FRAME_LENGTH = 64;

const IP_AT = 14;
const L4_AT = 34;
const protocolNumbers = { tcp: 6, udp: 17 } as const;

const putHeaders = (view: DataView, bytes: Uint8Array, frame: FlowFrame): number => {
  const l4Length = frame.protocol === 'tcp' ? 20 : 26;
  bytes.set(frame.targetMac, 0);
  bytes.set(frame.sourceMac, 6);
  view.setUint16(12, 0x0800);
  view.setUint16(IP_AT, 0x4500);
  view.setUint16(IP_AT + 2, 20 + l4Length);
  view.setUint16(IP_AT + 6, 0x4000);
  view.setUint8(IP_AT + 8, 64);
  view.setUint8(IP_AT + 9, protocolNumbers[frame.protocol]);
  view.setUint32(IP_AT + 12, frame.source);
  view.setUint32(IP_AT + 16, frame.target);
  view.setUint16(L4_AT, frame.sourcePort);
  view.setUint16(L4_AT + 2, frame.targetPort);
  if (frame.protocol === 'udp') view.setUint16(L4_AT + 4, l4Length);
  else {
    view.setUint32(L4_AT + 4, 0x1000);
    view.setUint16(L4_AT + 12, 0x5000 | frame.flags);
    view.setUint16(L4_AT + 14, 0xffff);
  }
  return l4Length;
};

/** Flow 0's frame, whole and with both checksums; and the template from which the wrapper makes all others. */
export const template = (frame: FlowFrame): Template => (frame.prefix === undefined ? template4(frame) : template6(frame, frame.prefix));

const template4 = (frame: FlowFrame): Template => {
  const bytes = new Uint8Array(FRAME_LENGTH);
  const view = new DataView(bytes.buffer);
  const l4Length = putHeaders(view, bytes, frame);
  const pseudo = protocolNumbers[frame.protocol] + l4Length + sumWords(view, IP_AT + 12, IP_AT + 20);
  const ipSum = sumWords(view, IP_AT, IP_AT + 20);
  const l4Sum = pseudo + sumWords(view, L4_AT, L4_AT + l4Length);
  const address = frame.varies === 'source' ? frame.source : frame.target;
  const port = frame.varies === 'source' ? frame.sourcePort : frame.targetPort;
  const parts = (address >>> 16) + (address & 0xffff);
  const words = holed(bytes, frame.varies);
  view.setUint16(IP_AT + 10, fold(ipSum));
  view.setUint16(L4_AT + (frame.protocol === 'tcp' ? 16 : 6), fold(l4Sum));
  return { bytes, words, ipSum: ipSum - parts, l4Sum: l4Sum - parts - port };
};

/** The words of a frame with checksums of zero, without the varying address and port. */
const holed = (bytes: Uint8Array, varies: FlowFrame['varies']): readonly bigint[] => {
  const copy = new Uint8Array(bytes);
  const addressAt = IP_AT + (varies === 'source' ? 12 : 16);
  const portAt = L4_AT + (varies === 'source' ? 0 : 2);
  copy.fill(0, addressAt, addressAt + 4);
  copy.fill(0, portAt, portAt + 2);
  const view = new DataView(copy.buffer);
  return wordOffsets.map((offset) => view.getBigUint64(offset, true));
};
