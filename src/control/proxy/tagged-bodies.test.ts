// Whatever clients and servers do: no byte of one request's answer reaches another request, and no server gets more than one request at a time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../test/support/properties.js';
import { type MemorySocket, ProxyBed } from '../../../test/support/proxy-bed.js';

const CLIENTS = 4;

interface Client {
  readonly socket: MemorySocket;
  readonly tags: string[];
}

/** The answer to the request that a server got last, whose body is its target over and over. */
function answerOf({ received }: MemorySocket, size: number): string {
  const target = /.*GET (\S+) HTTP/s.exec(received)?.[1] ?? '';
  const body = target.repeat(1 + (size % 50));
  if (size % 3 === 0) return `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
  return `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n${size % 5 === 0 ? 'Connection: close\r\n' : ''}\r\n${body}`;
}

/** The data of chunks, as far as they came. */
function unchunked(text: string): string {
  let data = '';
  for (let at = 0; ; ) {
    const [line, size = ''] = /^([0-9a-f]+)\r\n/.exec(text.slice(at)) ?? [];
    if (line === undefined) return data;
    const from = at + line.length;
    data += text.slice(from, from + Number.parseInt(size, 16));
    at = from + Number.parseInt(size, 16) + 2;
  }
}

/** Bodies of 200, as far as they came. */
const bodiesOf = (text: string): readonly string[] =>
  text
    .split('HTTP/1.1 ')
    .filter((one) => one.startsWith('200'))
    .map((one) => {
      const [head = '', ...rest] = one.split('\r\n\r\n');
      const body = rest.join('\r\n\r\n');
      const [, length] = /^content-length: (\d+)/im.exec(head) ?? [];
      return length === undefined ? unchunked(body) : body.slice(0, Number(length)); // behind it may be the beginning of the next answer
    });

class Scene {
  readonly bed = new ProxyBed({ limits: { keepAliveUs: 1e12 } });
  readonly clients: Client[] = Array.from({ length: CLIENTS }, () => ({ socket: this.bed.client(), tags: [] }));
  readonly #answers = new Map<MemorySocket, string>();
  /** How many answers it has ended. */
  readonly #done = new Map<MemorySocket, number>();
  #count = 0;

  act(kind: number, index: number, size: number): void {
    const client = this.clients[index % CLIENTS];
    if (client === undefined) return;
    const asked = this.bed.servers.filter((socket) => !socket.isClosed && this.#isAsked(socket));
    const server = asked[index % Math.max(asked.length, 1)];
    if (kind < 3) this.#ask(client, index, size);
    else if (kind < 7 && server !== undefined) this.#answer(server, size);
    else if (kind === 7) this.bed.room(client.socket, size % 2 === 0 ? size % 200 : Number.POSITIVE_INFINITY);
    else if (kind === 8) this.bed.break(client.socket);
    else if (kind === 9 && server !== undefined) this.bed.end(server);
  }

  #isAsked(socket: MemorySocket): boolean {
    const requests = socket.received.match(/GET /g)?.length ?? 0;
    return requests > (this.#done.get(socket) ?? 0);
  }

  #ask(client: Client, index: number, size: number): void {
    if (client.socket.isClosed || client.socket.isShut) {
      this.clients[index % CLIENTS] = { socket: this.bed.client(), tags: [] };
      return;
    }
    const tag = `/<${this.#count++}>`;
    client.tags.push(tag);
    const request = `GET ${tag} HTTP/1.1\r\nHost: h\r\n\r\n`;
    const place = size % request.length;
    this.bed.feed(client.socket, request.slice(0, place), request.slice(place));
  }

  /** Some more of its answer. */
  #answer(server: MemorySocket, size: number): void {
    const left = this.#answers.get(server) ?? answerOf(server, size);
    const piece = left.slice(0, 1 + size);
    this.#answers.set(server, left.slice(piece.length));
    if (piece.length === left.length) {
      this.#answers.delete(server);
      this.#done.set(server, (this.#done.get(server) ?? 0) + 1);
    }
    this.bed.feed(server, piece);
  }

  judge(): number {
    let judged = 0;
    for (const { socket, tags } of this.clients) {
      for (const body of bodiesOf(socket.received)) {
        if (body === '') continue;
        const tag = /^\/<\d+>/.exec(body)?.[0] ?? body;
        assert.ok(
          tags.some((one) => one.startsWith(tag)),
          `${body} is of another client`,
        );
        assert.ok(tag.repeat(100).startsWith(body), `${body} has bytes of another answer`);
        judged++;
      }
    }
    for (const socket of this.bed.servers) {
      const asked = socket.received.match(/GET /g)?.length ?? 0;
      assert.ok(asked <= (this.#done.get(socket) ?? 0) + 1, 'one request at a time');
    }
    return judged;
  }
}

test('no byte of an answer reaches another request, however it is cut, aborted and delayed', () => {
  let judged = 0;
  const action = fc.tuple(fc.nat(9), fc.nat(1000), fc.nat(400));
  fc.assert(
    fc.property(fc.array(action, { minLength: 20, maxLength: 120 }), (actions) => {
      const scene = new Scene();
      for (const [kind, index, size] of actions) scene.act(kind, index, size);
      judged += scene.judge();
    }),
    { numRuns: 150 },
  );
  assert.ok(judged > 150, `${judged}`);
});
