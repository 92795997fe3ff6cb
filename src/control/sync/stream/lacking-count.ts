// How much a peer could not take of what is here, by reason. What it refused is sent again now and then: until it has answered, the count of before stands.
import { LACKING_REASONS, type Lacking, lackingSum, NOTHING_LACKS } from '../../../model/stream-node.js';

type Reason = keyof Lacking;

/** So many rounds of the tables, and what was refused before the first one has been sent again. */
const ROUNDS = 2;

export class LackingCount {
  #now = { ...NOTHING_LACKS };
  /** `until`: so many items acknowledged, and all of it has been answered. */
  #before: { readonly count: Lacking; rounds: number; until: number } | undefined;

  add(reason: Reason, count: number): void {
    this.#now[reason] += count;
  }

  /** What was refused is about to be sent again. False: there is none of it. */
  begin(): boolean {
    if (lackingSum(this.#now) === 0) return false;
    this.#before = { count: this.#larger(this.#before?.count ?? NOTHING_LACKS), rounds: ROUNDS, until: Number.POSITIVE_INFINITY };
    this.#now = { ...NOTHING_LACKS };
    return true;
  }

  /** `sent`: items until now. */
  endRound(sent: number): void {
    const before = this.#before;
    if (before === undefined || before.rounds === 0) return;
    before.rounds -= 1;
    if (before.rounds === 0) before.until = sent;
  }

  /** `acknowledged`: items until now. */
  at(acknowledged: number): Lacking {
    if (this.#before !== undefined && acknowledged >= this.#before.until) this.#before = undefined;
    return this.#larger(this.#before?.count ?? NOTHING_LACKS);
  }

  #larger(other: Lacking): Lacking {
    const larger = { ...other };
    for (const reason of LACKING_REASONS) larger[reason] = Math.max(this.#now[reason], other[reason]);
    return larger;
  }
}
