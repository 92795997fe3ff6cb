// A service's state, its scheduler and its flags: one word of its record, so that packets meet all three as one store left them.
import type { Field, Records } from '../../../sys/bpf/records.js';
import { Service } from '../abi.gen.js';

interface ServiceWord {
  readonly state: number;
  readonly scheduler: number;
  readonly flags: number;
}

const WORD: Field = { at: Service.state.at, size: 4, count: 1 };

/** Reads all three by one load. */
export function readServiceWord(services: Records, id: number): ServiceWord {
  const word = services.get(id, WORD);
  return { state: word & 0xff, scheduler: (word >> 8) & 0xff, flags: word >>> 16 };
}

/** Changes the flags under packets and timers that change others of them (bpf/director/asks-wide.h). */
export function changeServiceFlags(services: Records, id: number, change: (flags: number) => number): void {
  for (;;) {
    const word = services.get(id, WORD);
    const changed = ((word & 0xffff) | (change(word >>> 16) << 16)) >>> 0;
    if (changed === word || services.swap(id, WORD, word, changed)) return;
  }
}

/** Stores all three by one store. */
export function writeServiceWord(services: Records, id: number, { state, scheduler, flags }: ServiceWord): void {
  services.set(id, WORD, (state | (scheduler << 8) | (flags << 16)) >>> 0);
}
