// Until when a peer has all that was in this director's tables: a round looks at every bucket, and what it found is acknowledged by its number.

/** Rounds that are kept. Of more, two become one: the later one's items, from the earlier one's beginning. */
const ROUNDS_MAX = 64;

interface Round {
  readonly began: number;
  /** Items that were sent until its end. */
  readonly sent: number;
}

export class AcknowledgedRounds {
  #rounds: Round[] = [];
  #until = Number.NEGATIVE_INFINITY;

  /** A moment: what was in the tables before it is known to the peer. */
  get until(): number {
    return this.#until;
  }

  /** A round is over. `acknowledged`: items, so far. */
  ended(round: Round, acknowledged: number): void {
    const last = this.#rounds.at(-1);
    if (last?.sent === round.sent) this.#rounds[this.#rounds.length - 1] = round;
    else if (last !== undefined && this.#rounds.length === ROUNDS_MAX)
      this.#rounds[this.#rounds.length - 1] = { began: last.began, sent: round.sent };
    else this.#rounds.push(round);
    this.acknowledge(acknowledged);
  }

  acknowledge(count: number): void {
    let known = 0;
    for (const { began, sent } of this.#rounds) {
      if (sent > count) break;
      this.#until = began;
      known += 1;
    }
    if (known > 0) this.#rounds.splice(0, known);
  }
}
