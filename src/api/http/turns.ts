// Who may go on when: requests of one connection one after the other, and callers in rotation, so that one who asks without end delays the others by
// one request at a time.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Requests of a connection that wait for the answer before; with more it is closed. */
const PIPELINED_MAX = 16;

export type Listener = (incoming: IncomingMessage, outgoing: ServerResponse) => void;

/** Node would make the answers of all requests that a client has sent, whether or not it reads any of them. */
export function oneByOne(listener: Listener): Listener {
  const waiting = new WeakMap<Socket, (() => void)[]>();
  const begin = (queue: (() => void)[], incoming: IncomingMessage, outgoing: ServerResponse): void => {
    outgoing.once('close', () => {
      queue.shift();
      // Of a client that has gone the rest is not begun: Node would never close those answers.
      if (!incoming.socket.destroyed) queue[0]?.();
    });
    listener(incoming, outgoing);
  };
  return (incoming, outgoing) => {
    const { socket } = incoming;
    const queue = waiting.get(socket) ?? [];
    waiting.set(socket, queue);
    if (queue.length > PIPELINED_MAX) {
      socket.destroy();
      return;
    }
    // The first one is that which is being answered.
    queue.push(() => begin(queue, incoming, outgoing));
    if (queue.length === 1) queue[0]?.();
  };
}

export class Turns {
  readonly #waiting = new Map<string, (() => void)[]>();
  #goesOn = false;

  /** Resolves when it is this caller's turn. */
  next(name: string): Promise<void> {
    return new Promise((done) => {
      const queue = this.#waiting.get(name) ?? [];
      queue.push(done);
      this.#waiting.set(name, queue);
      if (this.#goesOn) return;
      this.#goesOn = true;
      this.#step();
    });
  }

  #step(): void {
    const [first] = this.#waiting;
    if (first === undefined) {
      this.#goesOn = false;
      return;
    }
    const [name, queue] = first;
    // Behind the others.
    this.#waiting.delete(name);
    queue.shift()?.();
    if (queue.length > 0) this.#waiting.set(name, queue);
    setImmediate(() => this.#step());
  }
}
