// A client with many connections that stay open, run with node inside a host: HOST PORT COUNT. When each has got its first bytes back it prints `begun`. Then each
// sends numbered bytes every few seconds, and what comes back must be these bytes. At SIGTERM each sends once more; then it prints how many have got all, and
// why others have not. What fails before `begun` is printed instead of it.
import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const REST_MS = 5000;
/** A connection whose answer takes longer is lost. TCP sends again after 0.2 to 12.8 s. */
const ANSWER_MS = 45_000;
/** Connections that are opened together: a server's backlog is bounded. */
const OPENED_TOGETHER = 50;
const BYTES = 64;

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/** Of a connection and a turn: no two have the same. */
function bytesOf(number: number, turn: number): Buffer {
  const bytes = Buffer.alloc(BYTES);
  for (let at = 0; at < BYTES; at += 8) {
    bytes.writeUInt32BE(number, at);
    bytes.writeUInt32BE(Math.imul(turn + 1, at + 0x9e37_79b1) >>> 0, at + 4);
  }
  return bytes;
}

class Held {
  failure = '';
  #turn = 0;
  /** What is to come back, and how much of it has. */
  #sent: Buffer = Buffer.alloc(0);
  #got = 0;
  #answered: () => void = () => {};
  readonly #socket: Socket;

  constructor(
    host: string,
    port: number,
    readonly number: number,
  ) {
    this.#socket = createConnection({ host, port, noDelay: true });
    this.#socket.on('error', (error: NodeJS.ErrnoException) => this.#lost(error.code ?? error.message));
    this.#socket.on('close', () => this.#lost('it was closed'));
    this.#socket.on('data', (piece) => this.#take(piece));
  }

  #take(piece: Buffer): void {
    if (!piece.equals(this.#sent.subarray(this.#got, this.#got + piece.length))) this.#lost(`other bytes in turn ${this.#turn}`);
    this.#got += piece.length;
    if (this.#got === this.#sent.length) this.#answered();
  }

  /** Its own port is what a listing of the director has. */
  #lost(why: string): void {
    if (this.failure === '') this.failure = `${why} (port ${this.#socket.localPort ?? 'none'})`;
    this.#answered();
  }

  /** Sends, and gets the same. */
  exchange(): Promise<void> {
    if (this.failure !== '') return Promise.resolve();
    this.#turn += 1;
    this.#sent = bytesOf(this.number, this.#turn);
    this.#got = 0;
    return new Promise((done) => {
      const timer = setTimeout(() => this.#lost(`no answer in turn ${this.#turn}`), ANSWER_MS);
      this.#answered = () => {
        clearTimeout(timer);
        done();
      };
      this.#socket.write(this.#sent);
    });
  }

  async goOn(isOver: () => boolean): Promise<void> {
    while (!isOver() && this.failure === '') {
      await delay(REST_MS * (0.5 + Math.random()));
      await this.exchange();
    }
  }
}

/** How many have got all, and what failed: a few of it. */
function summary(held: readonly Held[]): string {
  const failures = held.flatMap(({ failure }) => (failure === '' ? [] : [failure]));
  return [`${held.length - failures.length} of ${held.length}`, ...failures.slice(0, 5)].join('; ');
}

async function main([host = '', port, count]: readonly string[]): Promise<void> {
  const held: Held[] = [];
  while (held.length < Number(count)) {
    const more = Array.from(
      { length: Math.min(OPENED_TOGETHER, Number(count) - held.length) },
      (_, k) => new Held(host, Number(port), held.length + k),
    );
    await Promise.all(more.map((one) => one.exchange()));
    held.push(...more);
    if (more.some(({ failure }) => failure !== '')) break;
  }
  if (held.some(({ failure }) => failure !== '')) {
    print(`not begun: ${summary(held)}`);
    return;
  }
  let isOver = false;
  const going = held.map((one) => one.goOn(() => isOver));
  print('begun');
  // where all are lost, nothing else keeps the process
  setInterval(() => {}, REST_MS);
  await once(process, 'SIGTERM');
  isOver = true;
  await Promise.all(going);
  await Promise.all(held.map((one) => one.exchange()));
  print(summary(held));
  process.exit(0);
}

await main(process.argv.slice(2));
