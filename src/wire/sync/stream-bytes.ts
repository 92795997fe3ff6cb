// Writing and reading the numbers and addresses of a frame of weir's own stream, in network order. A reader that comes to the end of its bytes reads
// zeros and has failed; it never throws.
import type { Address, Family } from '../../model/address.js';
import type { DestinationKey } from '../../model/service.js';
import { viewOf } from '../bytes.js';

/** Bytes that grow. */
export class StreamWriter {
  #bytes = new Uint8Array(256);
  #view = viewOf(this.#bytes);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Of what was written; valid until more is written. */
  get view(): DataView {
    return this.#view;
  }

  /** What was written; valid until the next call. */
  get written(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
  }

  u8(value: number): void {
    const at = this.grow(1);
    this.#bytes[at] = value;
  }

  u16(value: number): void {
    const at = this.grow(2);
    this.#view.setUint16(at, value);
  }

  u32(value: number): void {
    const at = this.grow(4);
    this.#view.setUint32(at, value);
  }

  u48(value: number): void {
    this.u16(Math.floor(value / 0x1_0000_0000));
    this.u32(value % 0x1_0000_0000);
  }

  bytes(value: Uint8Array): void {
    const at = this.grow(value.length);
    this.#bytes.set(value, at);
  }

  /** So many 4 bytes of a packet, each as a word in the order of the host. */
  words(words: Uint32Array, count: number): void {
    const at = this.grow(4 * count);
    for (let k = 0; k < count; k++) this.#view.setUint32(at + 4 * k, words[k] ?? 0, true);
  }

  /** 4 or 16 bytes. */
  address({ words }: Address): void {
    for (const word of words) this.u32(word);
  }

  /** A byte for the family, the address, the port. */
  endpoint({ address, port }: DestinationKey): void {
    this.u8(address.family === 'inet' ? 4 : 6);
    this.address(address);
    this.u16(port);
  }

  /** Where `count` bytes more begin, to be written by `view`. It may exchange the bytes. */
  grow(count: number): number {
    const at = this.#length;
    this.#length += count;
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(2 * this.#length);
      larger.set(this.#bytes.subarray(0, at));
      this.#bytes = larger;
      this.#view = viewOf(larger);
    }
    return at;
  }
}

export class StreamReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  #failed = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
  }

  /** It was asked for more bytes than there are, or for a family that there is not. */
  get failed(): boolean {
    return this.#failed;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  u8(): number {
    const at = this.#take(1);
    return at === undefined ? 0 : this.#view.getUint8(at);
  }

  u16(): number {
    const at = this.#take(2);
    return at === undefined ? 0 : this.#view.getUint16(at);
  }

  u32(): number {
    const at = this.#take(4);
    return at === undefined ? 0 : this.#view.getUint32(at);
  }

  u48(): number {
    return this.u16() * 0x1_0000_0000 + this.u32();
  }

  /** A copy. */
  bytes(count: number): Uint8Array {
    const at = this.#take(count);
    return at === undefined ? new Uint8Array() : this.#bytes.slice(at, at + count);
  }

  address(family: Family): Address {
    return { family, words: family === 'inet' ? [this.u32()] : [this.u32(), this.u32(), this.u32(), this.u32()] };
  }

  family(): Family {
    const number = this.u8();
    if (number !== 4 && number !== 6) this.#failed = true;
    return number === 6 ? 'inet6' : 'inet';
  }

  endpoint(): DestinationKey {
    const address = this.address(this.family());
    return { address, port: this.u16() };
  }

  #take(count: number): number | undefined {
    if (this.left < count) {
      this.#failed = true;
      this.#at = this.#bytes.length;
      return undefined;
    }
    const at = this.#at;
    this.#at += count;
    return at;
  }
}
