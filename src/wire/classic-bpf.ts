// Programs of classic BPF (linux/filter.h), by which a socket receives some packets only: instructions with labels become bytes.
import { hostIsLittleEndian as little, viewOf } from './bytes.js';

/** A is the accumulator, X the index register, k the operand. */
const CODES = {
  /** A = 16 bits at k. A packet that ends before drops out. */
  loadHalf: 0x28,
  /** A = 8 bits at k. */
  loadByte: 0x30,
  /** A = 16 bits at X + k. */
  loadHalfAt: 0x48,
  /** A = 8 bits at X + k. */
  loadByteAt: 0x50,
  /** X = k */
  setIndex: 0x01,
  /** X = the length of the IPv4 header at k, in bytes. */
  headerLength: 0xb1,
  /** A = A & k */
  and: 0x54,
  /** Goes on at `ifSo` where A is k, else at `ifNot`. */
  ifEqual: 0x15,
  /** Goes on at `ifSo` where A & k is not 0, else at `ifNot`. */
  ifAny: 0x45,
  /** Ends: so many bytes of the packet are queued. */
  accept: 0x06,
} as const;

export interface FilterInstruction {
  readonly do: keyof typeof CODES;
  readonly k: number;
  /** A name for jumps to this instruction. */
  readonly label?: string;
  /** Absent: the next instruction. */
  readonly ifSo?: string;
  readonly ifNot?: string;
}

/** @throws RangeError for a label that does not follow its jump */
export function assembleFilter(program: readonly FilterInstruction[]): Uint8Array {
  const out = new Uint8Array(program.length * 8);
  const view = viewOf(out);
  const places = new Map(program.flatMap(({ label }, index) => (label === undefined ? [] : [[label, index] as const])));
  for (const [index, instruction] of program.entries()) {
    const distance = (label: string | undefined): number => {
      const steps = label === undefined ? 0 : (places.get(label) ?? 0) - index - 1;
      if (steps < 0 || steps > 255) throw new RangeError(`no jump from instruction ${index} to ${label}`);
      return steps;
    };
    view.setUint16(index * 8, CODES[instruction.do], little);
    view.setUint8(index * 8 + 2, distance(instruction.ifSo));
    view.setUint8(index * 8 + 3, distance(instruction.ifNot));
    view.setUint32(index * 8 + 4, instruction.k, little);
  }
  return out;
}
