// A chat of a lab's client: one line after the other, each answered before the next is sent.
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { HeldConnection } from './connection.js';
import { onLines } from './lines.js';

/** Between an answer and the next line. */
const REST_MS = 200;

export class Chat implements HeldConnection {
  readonly kind = 'chat';
  readonly enough = 2;
  readonly begun: Promise<void>;
  failure = '';
  isOver = false;
  /** Answers. */
  progress = 0;
  /** The longest time that an answer took since this was set to 0. */
  longestMs = 0;
  #server = '';
  #sentAt = 0;
  #isEnding = false;
  readonly #socket: Socket;
  readonly #ended: Promise<void>;
  #start: () => void = () => {};

  constructor(address: string, port: number) {
    this.begun = new Promise((done) => {
      this.#start = done;
    });
    this.#socket = connect({ host: address, port, noDelay: true }, () => this.#say());
    // Before onLines, whose answer to an error is the end.
    this.#socket.on('error', (error) => this.#lost(error.message));
    onLines(this.#socket, (line) => void this.#answered(line));
    this.#ended = new Promise((done) => {
      this.#socket.once('close', () => {
        this.isOver = this.#isEnding && this.#sentAt === Number.POSITIVE_INFINITY && this.failure === '';
        if (!this.isOver) this.#lost('it was closed');
        done();
      });
    });
  }

  get name(): string {
    return `a chat with ${this.#server || 'no server yet'}`;
  }

  get server(): string {
    return this.#server;
  }

  /** It gets an answer to its last line first. */
  async end(): Promise<void> {
    this.#isEnding = true;
    await this.#ended;
  }

  #say(): void {
    this.#sentAt = performance.now();
    this.#socket.write(`line ${this.progress}\n`);
  }

  async #answered(line: string): Promise<void> {
    const [, server = '', number] = /^(\S+) line (\d+)$/.exec(line) ?? [];
    this.#server ||= server;
    if (server === '' || server !== this.#server || Number(number) !== this.progress) {
      this.#lost(`the answer to line ${this.progress} was ${line}`);
      this.#socket.destroy();
      return;
    }
    this.progress += 1;
    this.longestMs = Math.max(this.longestMs, performance.now() - this.#sentAt);
    this.#sentAt = Number.POSITIVE_INFINITY;
    this.#start();
    await delay(REST_MS);
    if (!this.#isEnding) this.#say();
    else this.#socket.end();
  }

  #lost(why: string): void {
    this.failure ||= why;
    this.#start();
  }
}
