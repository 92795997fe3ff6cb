// The schedulers for a comparison with the loaded programs: those of schedule/, but for twos, whose choice is random. There the reference
// director takes the programs' choice, if it is one that twos can make.
import { type Schedule, type Start, schedulers } from '../../../src/datapath/schedule/index.js';
import { type Candidates, eligible } from '../../../src/datapath/schedule/scheduler.js';
import { viewOf } from '../../../src/wire/bytes.js';
import type { Slot } from '../table-check.js';

/** In a frame with an IPv4 packet. */
const TARGET_AT = 30;

export class FollowedChoice {
  readonly schedulers: ReadonlyMap<string, Start> = new Map([...schedulers, ['twos', () => this.#schedule()]]);
  #slots: readonly Slot[] = [];
  /** The address that the frame left for. */
  #target = 0;

  /** The programs' connections after a frame, and the frame as it left them. */
  follow(slots: readonly Slot[], frame: Uint8Array): void {
    this.#slots = slots;
    this.#target = frame.length < TARGET_AT + 4 ? 0 : viewOf(frame).getUint32(TARGET_AT);
  }

  #schedule(): Schedule {
    const same = (): Schedule => this.#schedule();
    return {
      scheduler: 'twos',
      added: same,
      deleted: same,
      edited: same,
      flagged: same,
      pick: (list, { clientFold, clientPort }) => ({ id: this.#choice(list, clientFold, clientPort), next: this.#schedule() }),
    };
  }

  /** Where the programs made no connection, the choice is any: what follows of it is not the same then, unless the table is full. */
  #choice(list: Candidates, client: number, port: number): number | null {
    const able = list.filter(eligible);
    const made = this.#slots.find((slot) => slot.client === client && slot.port === port && able.some(({ id }) => id === slot.destination));
    return made?.destination ?? (able.find(({ fold }) => fold === this.#target) ?? able[0])?.id ?? null;
  }
}
