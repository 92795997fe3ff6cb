// The schedulers for a comparison with the loaded programs: those of schedule/, but for twos, whose choice is random. There the reference
// director takes the programs' choice, if it is one that twos can make.
import { type Schedule, type Start, schedulers } from '../../../src/datapath/schedule/index.js';
import { type Candidates, eligible } from '../../../src/datapath/schedule/scheduler.js';
import { viewOf } from '../../../src/wire/bytes.js';
import { EtherType } from '../../../src/wire/ethernet.js';

/** The target's address in a frame: where it stands, and its words. */
const TARGETS = new Map<number, readonly [number, number]>([
  [EtherType.ipv4, [30, 1]],
  [EtherType.ipv6, [38, 4]],
]);

/** As schedulers see it. */
function targetFold(frame: Uint8Array): number {
  const view = viewOf(frame);
  const [at, words] = (frame.length < 14 ? undefined : TARGETS.get(view.getUint16(12))) ?? [0, 0];
  if (frame.length < at + words * 4) return 0;
  return Array.from({ length: words }, (_, word) => view.getUint32(at + word * 4)).reduce((fold, word) => fold ^ word, 0) >>> 0;
}

export class FollowedChoice {
  readonly schedulers: ReadonlyMap<string, Start> = new Map([...schedulers, ['twos', () => this.#schedule()]]);
  /** The address that the frame left for, as schedulers see it. */
  #target = 0;

  /** Has the programs' last frame begun a connection of the destination with this number? */
  constructor(readonly hasBegun: (destination: number) => boolean) {}

  /** The frame as it left the programs. */
  follow(frame: Uint8Array): void {
    this.#target = targetFold(frame);
  }

  #schedule(): Schedule {
    const same = (): Schedule => this.#schedule();
    return {
      scheduler: 'twos',
      flags: 0,
      added: same,
      deleted: same,
      edited: same,
      flagged: same,
      pick: (list) => ({ id: this.#choice(list), next: this.#schedule() }),
    };
  }

  /** Where the programs began no connection, the choice is any: what follows of it is not the same then, unless the table is full. */
  #choice(list: Candidates): number | null {
    const able = list.filter(eligible);
    const chosen = able.find(({ id }) => this.hasBegun(id)) ?? able.find(({ fold }) => fold === this.#target) ?? able[0];
    return chosen?.id ?? null;
  }
}
