// The memory reference (touch.bpf.c) as an object, loaded for an array of a given size.
import { ObjectFile, type Program } from '../src/sys/bpf/bpf-objects.js';

/** A hot touch is shorter than the kernel's clock of whole nanoseconds: so many are made in a run. */
const HOT_TOUCHES = 8;

const u32 = (value: number): Uint8Array => new Uint8Array(new Uint32Array([value]).buffer);

export class Touch {
  readonly #object: ObjectFile;
  readonly program: Program;
  /** Touches in a run. */
  readonly each: number;

  /** `lines`: a power of two. `hot`: the flows are so few that their lines stay in the first-level cache. */
  constructor(path: string, lines: number, hot: boolean) {
    this.each = hot ? HOT_TOUCHES : 1;
    this.#object = new ObjectFile(path)
      .mapEntries('lines', lines)
      .variable('line_mask', u32(lines - 1))
      .variable('touches', u32(this.each))
      .load();
    this.program = this.#object.program('touch');
  }

  close(): void {
    this.program.close();
    this.#object.close();
  }
}
