// The numbers of a segment's bytes (RFC 9293), where both sides of a connection know them by different values, and its options: as the datapath's
// (bpf/director/tcp-numbers.h). `l4`: where its TCP header begins.
import { viewOf } from '../../../wire/bytes.js';
import { fold, sumWords } from '../../../wire/checksum.js';
import { IPV6_HEADER_BYTES } from '../../../wire/ipv6.js';
import { replaceWord } from './checksum.js';
import { ETHERNET_BYTES } from './ethernet.js';
import type { Packet } from './packet.js';

export const [SEQ_AT, ACK_AT, WORDS_AT, SUM_AT, TCP_BYTES] = [4, 8, 12, 16, 20] as const;
const [OPTION_END, OPTION_NOTHING] = [0, 1] as const;
export const [OPTION_MSS, OPTION_SACK] = [2, 5] as const;
const SACK_MAX = 34;

/** Numbers behind `initSeq` differ by `delta`, those before by the one before. */
export interface Numbers {
  readonly initSeq: number;
  readonly delta: number;
  readonly previousDelta: number;
}

export const noNumbers = (): Numbers => ({ initSeq: 0, delta: 0, previousDelta: 0 });

export const isBehind = (number: number, other: number): boolean => ((number - other) | 0) > 0;
export const numberForth = ({ initSeq, delta, previousDelta }: Numbers, seq: number): number =>
  (seq + (isBehind(seq, initSeq) ? delta : previousDelta)) >>> 0;
export const numberBack = ({ initSeq, delta, previousDelta }: Numbers, ack: number): number =>
  (ack - (isBehind(ack, initSeq + previousDelta) ? delta : previousDelta)) >>> 0;

/** Those after the text at `seq` has become longer by `more` bytes: when it comes again, they stay. */
export function lengthened(numbers: Numbers, seq: number, more: number): Numbers {
  const { initSeq, delta, previousDelta } = numbers;
  const isFirst = delta === 0 && previousDelta === 0;
  return more !== 0 && (isFirst || isBehind(seq, initSeq)) ? { previousDelta: delta, delta: delta + more, initSeq: seq } : numbers;
}

export const sumOf = (view: DataView, from: number, to: number): number =>
  fold(sumWords(new Uint8Array(view.buffer, view.byteOffset + from, to - from)));

/** The checksum after words with the sum `was` became words with the sum `is`. */
export function changeSum(view: DataView, l4: number, was: number, is: number): void {
  if (was === is) return;
  view.setUint16(l4 + SUM_AT, ~fold((~view.getUint16(l4 + SUM_AT) & 0xffff) + (~was & 0xffff) + is) & 0xffff);
}

export function storeNumber(view: DataView, l4: number, at: number, value: number): void {
  view.setUint16(l4 + SUM_AT, replaceWord(view.getUint16(l4 + SUM_AT), view.getUint32(l4 + at), value));
  view.setUint32(l4 + at, value);
}

/** The length in the IP header (IPv6 has no checksum there, and counts what is behind it) and in TCP's checksum. */
export function storeLength(view: DataView, { family, length, header }: Packet, now: number): void {
  changeSum(view, ETHERNET_BYTES + header, length - header, now - header);
  if (family === 'inet6') {
    view.setUint16(ETHERNET_BYTES + 4, now - IPV6_HEADER_BYTES);
    return;
  }
  const sumAt = ETHERNET_BYTES + 10;
  view.setUint16(sumAt, ~fold((~view.getUint16(sumAt) & 0xffff) + (~length & 0xffff) + now) & 0xffff);
  view.setUint16(ETHERNET_BYTES + 2, now);
}

export const segmentHeader = (view: DataView, l4: number): number => (view.getUint8(l4 + WORDS_AT) >> 4) * 4;

/** Where options of a kind stand, and their bytes. */
function* optionsOf(view: DataView, l4: number, kind: number): Generator<{ readonly at: number; readonly length: number }> {
  const end = l4 + segmentHeader(view, l4);
  for (let at = l4 + TCP_BYTES; at + 1 < end; ) {
    const each = view.getUint8(at);
    const length = each === OPTION_NOTHING ? 1 : view.getUint8(at + 1);
    if (each === OPTION_END || length === 0 || (each !== OPTION_NOTHING && length < 2) || at + length > end) return;
    if (each === kind) yield { at, length };
    at += length;
  }
}

/** Changes the first option of a kind, or `all` of them; `change` gets where it stands, and its bytes. */
export function changeOption(view: DataView, l4: number, kind: number, change: (at: number, length: number) => void, all = false): void {
  const end = l4 + segmentHeader(view, l4);
  const was = sumOf(view, l4 + TCP_BYTES, end);
  const found = [...optionsOf(view, l4, kind)];
  for (const { at, length } of all ? found : found.slice(0, 1)) change(at, length);
  changeSum(view, l4, was, sumOf(view, l4 + TCP_BYTES, end));
}

/** Shifts both edges of each block of SACK (RFC 2018) back. */
export function shiftSack(view: DataView, l4: number, numbers: Numbers): void {
  changeOption(view, l4, OPTION_SACK, (at, length) => {
    for (let k = at + 2; k + 4 <= at + length && k + 4 <= at + SACK_MAX; k += 4) view.setUint32(k, numberBack(numbers, view.getUint32(k)));
  });
}

/** Puts nothing (NOP) in the place of all options of a kind. */
export function removeOption(view: DataView, l4: number, kind: number): void {
  const blank = (at: number, length: number): void => {
    for (let k = at; k < at + length; k++) view.setUint8(k, OPTION_NOTHING);
  };
  changeOption(view, l4, kind, blank, true);
}

/** A frame with `bytes`, of an even number, at `from`, before what stood there. */
export function grown(frame: Uint8Array, packet: Packet, from: number, bytes: Uint8Array): Uint8Array {
  const end = ETHERNET_BYTES + packet.length;
  const next = new Uint8Array(end + bytes.length);
  next.set(frame.subarray(0, from));
  next.set(bytes, from);
  next.set(frame.subarray(from, end), from + bytes.length);
  return summed(next, packet, 0, sumWords(bytes));
}

/** A frame with `bytes` in the place of its data, which begin at `from`. */
export function cut(frame: Uint8Array, packet: Packet, from: number, bytes: Uint8Array): Uint8Array {
  const next = new Uint8Array(from + bytes.length);
  next.set(frame.subarray(0, from));
  next.set(bytes, from);
  return summed(next, packet, sumWords(frame.subarray(from, ETHERNET_BYTES + packet.length)), sumWords(bytes));
}

function summed(frame: Uint8Array, packet: Packet, was: number, is: number): Uint8Array {
  const view = viewOf(frame);
  changeSum(view, ETHERNET_BYTES + packet.header, fold(was), fold(is));
  storeLength(view, packet, frame.length - ETHERNET_BYTES);
  return frame;
}
