// One virtual server of an ldirectord.cf, as its lines have it.
import type { At } from './import-report.js';
import { wholeNumber } from './values.js';

export interface Setting {
  readonly name: string;
  readonly value: string;
  readonly at: At;
}

/** One virtual server: what is set for it, behind what is set for all. */
export class Block {
  constructor(
    readonly head: Setting,
    readonly own: readonly Setting[],
    readonly global: readonly Setting[],
  ) {}

  /** The last one counts. */
  setting(...names: readonly string[]): Setting | undefined {
    for (const from of [this.own, this.global])
      for (const name of names) {
        const found = from.findLast((each) => each.name === name);
        if (found !== undefined) return found;
      }
    return undefined;
  }

  value(...names: readonly string[]): string | undefined {
    return this.setting(...names)?.value;
  }

  seconds(standard: number, ...names: readonly string[]): number {
    return wholeNumber(this.value(...names), 1, 86_400) ?? standard;
  }
}
