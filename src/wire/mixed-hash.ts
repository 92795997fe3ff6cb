// A hash of 64 bits for what a process made itself: two lanes after MurmurHash3 for 32-bit machines (Austin Appleby, public domain). States that differ in one
// bit have different ones; it is no protection against who looks for two that have the same. (The stream between nodes has one of its own, of 32
// bits, as its format states: stream-hash.ts.)

const rotated = (word: number, bits: number): number => (word << bits) | (word >>> (32 - bits));

function finished(hash: number): number {
  const one = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  const two = Math.imul(one ^ (one >>> 13), 0xc2b2ae35);
  return two ^ (two >>> 16);
}

export class MixedHash {
  #one = 0x3c6ef372;
  #two = 0x510e527f;

  /** 32 bits: of other numbers the lowest. */
  word(word: number): this {
    const one = Math.imul(rotated(Math.imul(word, 0x239b961b), 15), 0xab0e9789);
    this.#one = (Math.imul(rotated(this.#one ^ one, 19), 5) + 0x561ccd1b) | 0;
    const two = Math.imul(rotated(Math.imul(word, 0xab0e9789), 16), 0x38b34ae5);
    this.#two = (Math.imul(rotated(this.#two ^ two, 17), 5) + 0x0bcaa747) | 0;
    return this;
  }

  /** Its length comes first, so that no two texts run into each other. */
  text(text: string): this {
    this.word(text.length);
    for (let at = 0; at < text.length; at++) this.word(text.charCodeAt(at));
    return this;
  }

  /** Two words. What comes after it counts, too. */
  value(): readonly [number, number] {
    const one = finished(this.#one + this.#two);
    return [one, finished((one + this.#two) | 0)];
  }
}
