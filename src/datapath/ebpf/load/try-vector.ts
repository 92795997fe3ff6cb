// Runs a program on one packet whose result is known.
import { release } from 'node:os';
import { WeirError } from '../../../model/errors/weir-error.js';
import type { ObjectFile } from '../../../sys/bpf/bpf-objects.js';
import { Abi } from '../abi.gen.js';
import { FROM_OUTSIDE } from './trial-tables.js';
import type { Vector, VectorVerdict } from './vectors/vector.js';

const SK_BUFF = { bytes: 192, mark: 8, ingressIfindex: 36, ifindex: 40 } as const;
const XDP_MD = { bytes: 24, dataEnd: 4 } as const;

const TC_VERDICTS: Readonly<Record<number, VectorVerdict>> = { 4294967295: 'pass', 2: 'drop', 7: 'redirect' };
const XDP_VERDICTS: Readonly<Record<number, VectorVerdict>> = { 1: 'drop', 2: 'pass', 4: 'redirect' };

function contextOf({ program, frame, mark }: Vector): Uint8Array {
  const xdp = program === 'xdp';
  const context = new Uint8Array(xdp ? XDP_MD.bytes : SK_BUFF.bytes);
  const view = new DataView(context.buffer);
  if (xdp) view.setUint32(XDP_MD.dataEnd, frame.length, true);
  else view.setUint32(SK_BUFF.ifindex, Abi.LOOPBACK, true);
  if (mark !== undefined) view.setUint32(SK_BUFF.mark, mark, true);
  if (!xdp && program !== 'egress') view.setUint32(SK_BUFF.ingressIfindex, FROM_OUTSIDE, true);
  return context;
}

function difference(vector: Vector, verdict: string, data: Uint8Array): string | undefined {
  if (verdict !== vector.verdict) return `expected ${vector.verdict}, got ${verdict}`;
  if (data.length !== vector.out.length) return `expected ${vector.out.length} bytes, got ${data.length}`;
  const at = data.findIndex((byte, k) => byte !== vector.out[k]);
  return at < 0 ? undefined : `byte ${at} is ${data[at]}, not ${vector.out[at]}`;
}

/** `name`: of the program in the object. @throws WeirError self-check-failed where the result is another one */
export function tryVector(object: ObjectFile, name: string, vector: Vector): void {
  const program = object.program(name);
  try {
    const { retval, data } = program.test({ data: vector.frame, ctx: contextOf(vector) });
    const verdict = (vector.program === 'xdp' ? XDP_VERDICTS : TC_VERDICTS)[retval >>> 0] ?? String(retval);
    const differs = difference(vector, verdict, data);
    if (differs === undefined) return;
    throw new WeirError('self-check-failed', { kernel: release(), vector: vector.name, difference: differs });
  } finally {
    program.close();
  }
}
