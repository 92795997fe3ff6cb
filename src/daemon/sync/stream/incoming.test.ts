// What comes from a peer goes into the tables in as few pieces as can be, since each takes the lock.
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import { encodeAll } from '../../../../test/support/stream-objects.js';
import { sampleConnection, sampleDrain, sampleHello } from '../../../../test/support/stream-records.js';
import { APPLIED } from '../../../model/foreign-connection.js';
import { StreamEncoder } from '../../../wire/sync/stream-encoder.js';
import { STREAM_PROTOCOLS } from '../../../wire/sync/stream-record.js';
import { Incoming } from './incoming.js';

/** Bytes of one event: TLS gives each of its records by an event of its own. */
const PIECE = 4096;
/** Of what follows a delivery. A beat has a digest, too. */
const ACK_BYTES = 10;

class FakeSocket extends EventEmitter {
  acks = 0;
  alpnProtocol: string = STREAM_PROTOCOLS[0];
  #isPaused = false;

  write(bytes: Uint8Array): boolean {
    if (bytes.length === ACK_BYTES) this.acks += 1;
    return true;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
  }

  isPaused(): boolean {
    return this.#isPaused;
  }

  end(): void {
    this.destroy();
  }

  isDestroyed = false;

  destroy(): void {
    this.isDestroyed = true;
    this.emit('close');
  }
}

function session() {
  const counts: number[] = [];
  const taken: (readonly string[])[] = [];
  let pastMs = 0;
  let [isBusy, lost] = [false, 0];
  const incoming = new Incoming({
    node: 'lb2',
    id: '2'.repeat(16),
    now: () => performance.now() + pastMs,
    apply: ({ count }) => {
      if (isBusy) return undefined;
      counts.push(count);
      return new Uint8Array(count).fill(APPLIED.indexOf('made'));
    },
    over: () => {},
    memory: {},
    tables: () => undefined,
    naming: { begin: () => {}, end: () => 0 },
    takeDrains: (drains) => {
      taken.push(drains.map(({ uid }) => uid));
      return !isBusy;
    },
    lost: () => lost,
    log: () => {},
  });
  const socket = new FakeSocket();
  incoming.accept(socket as unknown as TLSSocket);
  const encoder = new StreamEncoder();
  const send = (items: number): void => {
    const item = { kind: 'item', item: sampleConnection, idle: 300, sent: 1 } as const;
    const bytes = encodeAll(encoder, new Array(items).fill(item));
    for (let at = 0; at < bytes.length; at += PIECE) socket.emit('data', bytes.subarray(at, at + PIECE));
  };
  socket.emit('data', encodeAll(encoder, [sampleHello]));
  const sum = (): number => counts.reduce((all, count) => all + count, 0);
  const busy = (is: boolean): void => {
    isBusy = is;
  };
  const lose = (count: number): void => {
    lost += count;
  };
  const pass = (ms: number): void => {
    pastMs += ms;
  };
  const drain = (): boolean => socket.emit('data', encodeAll(encoder, [{ kind: 'drain', drain: sampleDrain }]));
  return { incoming, socket, counts, send, sum, busy, lose, pass, taken, drain };
}

test('all that comes in one turn goes into the tables together, and is acknowledged together', async () => {
  const { incoming, socket, counts, send, sum } = session();
  const before = socket.acks;
  send(4000);
  assert.equal(sum(), 0);
  while (sum() < 4000) await turn();
  assert.ok(counts.length <= 2, `${counts}`);
  assert.equal(socket.acks - before, counts.length);
  incoming.stop();
});

test('nothing more is read while the tables take nothing, and it goes on when they do', async () => {
  const { incoming, socket, send, sum, busy } = session();
  busy(true);
  send(20_000);
  await turn();
  await turn();
  assert.deepEqual([sum(), socket.isPaused()], [0, true]);
  busy(false);
  while (sum() < 20_000) await turn();
  await turn();
  assert.equal(socket.isPaused(), false);
  incoming.stop();
});

test('drains go into the record when the table is free, once', async () => {
  const { incoming, busy, drain, taken } = session();
  busy(true);
  drain();
  while (taken.length < 2) await turn();
  busy(false);
  const before = taken.length;
  while (taken.length === before) await turn();
  drain();
  while (taken.length === before + 1) await turn();
  assert.deepEqual(new Set(taken.flat()), new Set([sampleDrain.uid]));
  await wait(50);
  assert.equal(taken.length, before + 2, 'what is there is not put there again');
  incoming.stop();
});

test('what has come is in the tables when a node stops', () => {
  const { incoming, send, sum } = session();
  send(10_000);
  incoming.stop();
  assert.equal(sum(), 10_000);
});

test('where connections of the peer are gone before their time it is asked for all again, and once more after five minutes', async () => {
  const { incoming, socket, lose, pass } = session();
  const isOver = async (each: FakeSocket): Promise<boolean> => {
    for (let turns = 0; turns < 60 && !each.isDestroyed; turns++) await wait(10);
    return each.isDestroyed;
  };
  const next = (): FakeSocket => {
    const accepted = new FakeSocket();
    incoming.accept(accepted as unknown as TLSSocket);
    return accepted;
  };
  assert.equal(await isOver(socket), false);
  lose(2);
  assert.equal(await isOver(socket), true);
  assert.match(incoming.status.failure, /^2 of its connections are gone here before their time$/);
  const second = next();
  assert.equal(incoming.status.lost, 0);
  lose(1);
  assert.deepEqual([await isOver(second), incoming.status.lost], [false, 1]);
  pass(299_000);
  pass(1000);
  assert.equal(await isOver(second), true);
  incoming.stop();
});

test('a session that ends since the peer did what it must not is counted by reason; one that the peer ends is not', () => {
  const { incoming, socket } = session();
  const next = (): FakeSocket => {
    const accepted = new FakeSocket();
    incoming.accept(accepted as unknown as TLSSocket);
    return accepted;
  };
  const faults = (): unknown => incoming.status.faults;
  socket.destroy();
  assert.equal(faults(), undefined);
  const twice = next();
  twice.emit('data', encodeAll(new StreamEncoder(), [sampleHello, sampleHello]));
  assert.deepEqual([twice.isDestroyed, faults()], [true, { order: 1 }]);
  for (let k = 0; k < 2; k++) next().emit('data', Buffer.from('GET / HTTP/1.1\r\n\r\n'));
  assert.deepEqual([incoming.status.connected, faults()], [false, { order: 1, version: 2 }]);
  next();
  assert.deepEqual([incoming.status.connected, faults()], [true, { order: 1, version: 2 }]);
  incoming.stop();
});
