// What follows HAProxy by its stats socket, where this answers by half, never, by garbage, or is gone.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { poolOf, poolServer } from '../../../test/support/layer7.js';
import { serverName } from '../../config/haproxy/haproxy-weights.js';
import { HaproxyRuntime } from './haproxy-runtime.js';
import { askHaproxy } from './haproxy-socket.js';

const folder = mkdtempSync(join(tmpdir(), 'weir-haproxy-'));
after(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'haproxy.sock');

const server = poolServer('10.0.0.1:80', { weight: 7 });
const STATE = `1\n# be_id be_name srv_id srv_name srv_uweight srv_admin_state\n3 pool 1 ${serverName(server)} 1 0\n\n`;
const STAT = `# pxname,svname,scur,stot\npool,${serverName(server)},0,5\n\n`;
const WHOLE = `${STATE}${STAT}Name: HAProxy\nPid: 42\ndescription: g1\nTainted: 0\n\n`;

/** A runtime beside a HAProxy that answers so; what it asked for, and what it reported. */
async function withRuntime(answer: (socket: Socket, asked: string) => void, work: (bed: Bed) => Promise<void>): Promise<void> {
  const listener = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', (asked) => answer(socket, String(asked).trim()));
  });
  listener.listen(path);
  await once(listener, 'listening');
  const bed = new Bed(() => listener.close());
  try {
    await work(bed);
  } finally {
    bed.runtime.close();
    listener.close();
  }
}

class Bed {
  readonly reports: string[] = [];
  readonly generations: (string | undefined)[] = [];
  readonly counted: number[] = [];
  readonly runtime = new HaproxyRuntime({
    path,
    pools: () => [poolOf([server])],
    orders: () => [],
    onCounts: (process) => this.counted.push(process),
    onGeneration: (generation) => this.generations.push(generation),
    onProcessGone: () => {},
    report: (text) => this.reports.push(text),
  });

  constructor(readonly stop: () => void) {}

  async looks(count: number): Promise<void> {
    for (let look = 0; look < count; look++) await this.runtime.sync();
  }
}

test('an answer that is cut in any place counts for nothing', async () => {
  let length = 0;
  const answer = (socket: Socket, asked: string): void => void socket.end(asked.startsWith('show') ? WHOLE.slice(0, length) : '\n');
  await withRuntime(answer, async (bed) => {
    for (length of [0, 5, STATE.length, STATE.length + STAT.length, WHOLE.indexOf('description'), WHOLE.length - 1]) await bed.looks(1);
    assert.deepEqual([bed.generations, bed.counted, bed.reports], [[], [], []]);
    ({ length } = WHOLE);
    await bed.looks(1);
    assert.deepEqual([bed.generations, bed.counted, bed.reports], [['g1'], [42], []]);
  });
});

test('what HAProxy refuses is tried again by each look, and reported once', async () => {
  const sets: string[] = [];
  const answer = (socket: Socket, asked: string): void => {
    if (!asked.startsWith('show')) sets.push(asked);
    socket.end(asked.startsWith('show') ? WHOLE : 'No such server.\n\n');
  };
  await withRuntime(answer, async (bed) => {
    await bed.looks(3);
    // its own timer may have looked, too
    assert.ok(sets.length >= 3);
    assert.deepEqual(new Set(sets), new Set([`set server pool/${serverName(server)} weight 63`]));
    assert.deepEqual(bed.reports, ['HAProxy refuses: No such server.']);
  });
});

test('a socket that is gone for long is reported once, and asked again when it is back', async () => {
  await withRuntime(
    (socket, asked) => void socket.end(asked.startsWith('show') ? WHOLE : '\n'),
    async (bed) => {
      bed.stop();
      await bed.looks(5);
      assert.deepEqual(bed.reports, []);
      await bed.looks(10);
      assert.deepEqual(bed.reports, ['HAProxy cannot be asked: ENOENT']);
    },
  );
});

test('an answer that has no end is given up in its time, and nothing follows a close', async () => {
  const trickle = (socket: Socket): void => {
    const timer = setInterval(() => socket.write('x'), 5);
    socket.on('close', () => clearInterval(timer));
  };
  await withRuntime(trickle, async () => {
    await assert.rejects(askHaproxy(path, 'show info', 100), /no answer in time/);
  });
  let asked: (socket: Socket) => void = () => {};
  const isAsked = new Promise<Socket>((done) => {
    asked = done;
  });
  await withRuntime(asked, async (bed) => {
    const looked = bed.runtime.sync();
    const socket = await isAsked;
    bed.runtime.close();
    socket.end(WHOLE);
    await looked;
    assert.deepEqual([bed.generations, bed.counted, bed.reports], [[], [], []]);
  });
});
