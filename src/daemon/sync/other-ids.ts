// Messages with another sync id than the daemon's, by id: of directors of another pair, or of one that was started with a wrong id.

export class OtherIds {
  readonly #counts: Record<string, number> = {};

  /** `syncId`: the daemon's; 0 takes all. */
  constructor(readonly syncId: number) {}

  /** By id. */
  get counts(): Readonly<Record<string, number>> {
    return this.#counts;
  }

  /** Of a message with this id. True: it is another one, and was counted. */
  countOther(id: number): boolean {
    if (this.syncId === 0 || id === this.syncId) return false;
    this.#counts[id] = (this.#counts[id] ?? 0) + 1;
    return true;
  }
}
