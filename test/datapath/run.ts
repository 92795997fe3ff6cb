// One frame through one program by BPF_PROG_TEST_RUN: what the program answered, and the frame as it left it.
import type { Native, ProgTestResult } from '../../src/sys/native.js';

/** `xdp`: struct xdp_md; `tc`: struct __sk_buff. */
export type ProgramKind = 'xdp' | 'tc';

export interface Run {
  readonly code: number;
  readonly frame: Uint8Array;
}

export const XDP = { drop: 1, pass: 2, tx: 3, redirect: 4 } as const;
export const TC = { unspec: 0xffffffff, ok: 0, shot: 2, redirect: 7 } as const;

const SK_BUFF_SIZE = 192;
const SK_BUFF_MARK = 8;
const SK_BUFF_INGRESS_IFINDEX = 36;
const SK_BUFF_IFINDEX = 40;
const SK_BUFF_GSO_SEGS = 164;
const SK_BUFF_GSO_SIZE = 176;
const XDP_MD_SIZE = 24;
/** Bytes that a program may add: of content switching a whole segment. */
const ADDED_MAX = 2048;

/** What a frame carries beside its bytes. */
export interface Carriage {
  readonly ifindex: number;
  /** 0: the director's own packet. */
  readonly ingressIfindex: number;
  readonly mark?: number;
  /** Bytes of payload in each segment of a large packet that is not yet cut. */
  readonly gsoSize?: number;
  readonly gsoSegments?: number;
}

function skBuff({ ifindex, ingressIfindex, mark = 0, gsoSize = 0, gsoSegments = 0 }: Carriage): Uint8Array {
  const context = new Uint8Array(SK_BUFF_SIZE);
  const view = new DataView(context.buffer);
  view.setUint32(SK_BUFF_MARK, mark, true);
  view.setUint32(SK_BUFF_INGRESS_IFINDEX, ingressIfindex, true);
  view.setUint32(SK_BUFF_IFINDEX, ifindex, true);
  view.setUint32(SK_BUFF_GSO_SEGS, gsoSegments, true);
  view.setUint32(SK_BUFF_GSO_SIZE, gsoSize, true);
  return context;
}

/** The kernel wants `data_end` to be the frame's length. */
function xdpMd(length: number, ifindex: number): Uint8Array {
  const context = new Uint8Array(XDP_MD_SIZE);
  const view = new DataView(context.buffer);
  view.setUint32(4, length, true);
  view.setUint32(12, ifindex, true);
  return context;
}

/** @throws SystemError when the kernel refuses the run (a frame shorter than 14 bytes, an unknown device) */
export function run(native: Native, program: number, kind: ProgramKind, frame: Uint8Array, carriage: Carriage, repeat = 1): Run {
  const context = kind === 'xdp' ? xdpMd(frame.length, carriage.ifindex) : skBuff(carriage);
  const result: ProgTestResult = native.bpfProgTest(program, { data: frame, ctx: context, repeat, outSize: frame.length + ADDED_MAX });
  return { code: result.retval >>> 0, frame: result.data };
}
