// A download of a lab's client: read slowly until it is to end. Each byte is compared with the one that must come.
import { createHash } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import type { HeldConnection } from './connection.js';
import { KnownBytes } from './known-bytes.js';

/** While it is read slowly. */
const BYTES_A_SECOND = 262_144;

export class Download implements HeldConnection {
  readonly kind = 'download';
  /** More than what may have come before, and wait in the buffers of this host. */
  readonly enough = 524_288;
  readonly begun: Promise<void>;
  failure = '';
  /** Bytes. */
  progress = 0;
  /** Of all bytes; empty: they have not all come. */
  sha256 = '';
  #isEnding = false;
  readonly #hash = createHash('sha256');
  readonly #known = new KnownBytes();
  readonly #socket: Socket;
  readonly #ended: Promise<void>;
  #start: () => void = () => {};
  #timer: NodeJS.Timeout | undefined;

  constructor(
    address: string,
    port: number,
    readonly length: number,
  ) {
    this.begun = new Promise((done) => {
      this.#start = done;
    });
    this.#socket = connect({ host: address, port }, () => this.#socket.write(`download ${length}\n`));
    this.#socket.on('data', (bytes) => this.#came(bytes));
    this.#socket.on('error', (error) => this.#lost(error.message));
    this.#ended = new Promise((done) => {
      this.#socket.once('close', () => {
        if (this.progress < length) this.#lost('it was closed');
        else this.sha256 = this.#hash.digest('hex');
        done();
      });
    });
  }

  get isOver(): boolean {
    return this.sha256 !== '';
  }

  get name(): string {
    return `a download after ${this.progress} bytes`;
  }

  /** It is read as fast as it comes. */
  async end(): Promise<void> {
    this.#isEnding = true;
    clearTimeout(this.#timer);
    this.#socket.resume();
    await this.#ended;
  }

  #came(bytes: Buffer): void {
    if (!this.#known.next(bytes.length).equals(bytes)) {
      this.#lost(`other bytes than those sent came after ${this.progress}`);
      this.#socket.destroy();
      return;
    }
    this.#hash.update(bytes);
    this.progress += bytes.length;
    this.#start();
    if (this.#isEnding) return;
    this.#socket.pause();
    this.#timer = setTimeout(() => this.#socket.resume(), (1000 * bytes.length) / BYTES_A_SECOND);
  }

  #lost(why: string): void {
    this.failure ||= why;
    this.#start();
  }
}
