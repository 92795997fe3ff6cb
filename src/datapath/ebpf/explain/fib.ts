// The kernel's FIB as the datapath asks it: by the same helper, in a small program that is attached nowhere and runs on a question alone.

import { artifact } from '../../../sys/artifact.js';
import { ObjectFile, type Program } from '../../../sys/bpf/bpf-objects.js';
import { viewOf } from '../../../wire/bytes.js';
import { familyOf, type Ip, ipOf, wordsOf } from '../../memory/packets/ip.js';
import { AddressFamily } from '../abi.gen.js';

/** Where a question of bpf/director/fib.bpf.c has what: struct bpf_fib_lookup, then flags and answer. */
const At = { family: 0, mtu: 6, ifindex: 8, source: 16, target: 32, smac: 52, dmac: 58, flags: 64, code: 68, bytes: 72 } as const;
const QUESTION_AT = 16;
/** Not 0, so that the answer has an MTU; of a length that any device takes. */
const ASKED_BYTES = 1;

/** What bpf_fib_lookup() answers, beside what is below 0. */
export const FibCode = { success: 0, notForwarded: 4, forwardingDisabled: 5, noNeighbour: 7 } as const;
export const FibFlag = { output: 1 << 1, source: 1 << 4 } as const;

export interface FibQuestion {
  /** By which the packet came. */
  readonly ifindex: number;
  readonly to: Ip;
  /** undefined: no source is known. */
  readonly from?: Ip | undefined;
  readonly flags?: number;
}

export interface FibAnswer {
  readonly code: number;
  readonly ifindex: number;
  /** 0: none. */
  readonly mtu: number;
  /** The neighbour to which the packet goes. */
  readonly neighbour: Ip;
  readonly source: Ip;
  readonly toMac: Uint8Array;
  readonly fromMac: Uint8Array;
}

const IPV6_WORDS = [0, 1, 2, 3] as const;

/** In the order of a packet. */
function writeWords(view: DataView, at: number, ip: Ip): void {
  for (const [k, word] of wordsOf(ip).entries()) view.setUint32(at + k * 4, word);
}

function readIp(view: DataView, at: number, six: boolean): Ip {
  return ipOf(
    six ? { family: 'inet6', words: IPV6_WORDS.map((k) => view.getUint32(at + k * 4)) } : { family: 'inet', words: [view.getUint32(at)] },
  );
}

export class Fib {
  readonly #object: ObjectFile;
  readonly #program: Program;

  /** @throws SystemError EPERM; WeirError artifact-missing */
  constructor() {
    this.#object = new ObjectFile(artifact('weir-fib.bpf.o'));
    this.#object.load();
    this.#program = this.#object.program('weir_fib');
  }

  ask({ ifindex, to, from, flags = 0 }: FibQuestion): FibAnswer {
    const frame = new Uint8Array(QUESTION_AT + At.bytes);
    const view = viewOf(frame.subarray(QUESTION_AT));
    view.setUint8(At.family, familyOf(to) === 'inet' ? AddressFamily.F_INET : AddressFamily.F_INET6);
    view.setUint16(At.mtu, ASKED_BYTES, true);
    view.setUint32(At.ifindex, ifindex, true);
    view.setUint32(At.flags, flags, true);
    writeWords(view, At.target, to);
    if (from !== undefined) writeWords(view, At.source, from);
    const { data } = this.#program.test({ data: frame });
    const answer = viewOf(data.subarray(QUESTION_AT));
    const six = answer.getUint8(At.family) === AddressFamily.F_INET6;
    const mtu = answer.getUint16(At.mtu, true);
    return {
      code: answer.getInt32(At.code, true),
      ifindex: answer.getUint32(At.ifindex, true),
      mtu: mtu > ASKED_BYTES ? mtu : 0,
      neighbour: readIp(answer, At.target, six),
      source: readIp(answer, At.source, six),
      fromMac: data.slice(QUESTION_AT + At.smac, QUESTION_AT + At.smac + 6),
      toMac: data.slice(QUESTION_AT + At.dmac, QUESTION_AT + At.dmac + 6),
    };
  }

  close(): void {
    this.#program.close();
    this.#object.close();
  }
}
