// When a master of the kernel's protocol announces everything again, since a backup has asked for it. Anyone can ask.

/** So seldom. */
const ANSWER_US = 5_000_000;

export class Answers {
  #isAsked = false;
  #isUnderWay = false;
  #fromUs = 0;

  asked(): void {
    this.#isAsked = true;
  }

  /**
   * Is it to begin now? Not before the one that is under way has ended: else what stands at the end of a large table would never be announced, where several ask
   * again and again.
   */
  isDue(nowUs: number): boolean {
    if (!this.#isAsked || this.#isUnderWay || nowUs < this.#fromUs) return false;
    this.#isAsked = false;
    this.#isUnderWay = true;
    this.#fromUs = nowUs + ANSWER_US;
    return true;
  }

  /** All of the tables was looked at. */
  ended(): void {
    this.#isUnderWay = false;
  }
}
