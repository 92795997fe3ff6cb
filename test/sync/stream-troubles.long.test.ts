// weir's own stream where what is around it is not as it should be: its process stands still, its files cannot be written, the datapath is unloaded, its
// peer has other timeouts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ok, until } from '../datapath/cluster.js';
import { ENTRY, noNamespaces, type Ran } from '../support/netns-bed.js';
import { RunningDaemon } from '../support/running-daemon.js';
import { addServices, chats, connections, established, inPair, restored, SERVICES } from './pair.js';
import { inStep, LINK_ADDRESS, newKey, startStream, startStreams, streamOf } from './stream-pair.js';

const skip = noNamespaces();
const CHATS = 4;
const ALL = CHATS * SERVICES.length;
const answered = SERVICES.map(() => `${CHATS} of ${CHATS}`);

/** A command that prints at most that it waits for the stream's process, which takes more than a second to load the datapath on a busy machine. */
function doneInTurn({ status, stderr }: Ran): void {
  assert.equal(status, 0, stderr);
  assert.match(stderr, /^(?:weir: \/\S+\/lock\/\d+: held by process \d+ \(.* sync serve .*\); waiting for up to 30 s\n)?$/);
}

test('a process that stands still: what would break is not known, and is again when it goes on', { skip }, () =>
  inPair(async (pair) => {
    const { lvs, second } = pair;
    for (const director of [lvs, second]) addServices(director);
    const { first } = startStreams(pair);
    await inStep(lvs, second);
    first.signal('SIGSTOP');
    const end = await chats(pair, CHATS);
    const stalled = await until(
      () => streamOf(lvs),
      (answer) => answer?.wouldBreak !== 0,
      30,
    );
    assert.equal(stalled?.wouldBreak, null);
    assert.ok((stalled?.stream.stalledSeconds ?? 0) >= 3);
    assert.match(lvs.weir('sync status').stdout, /^stream of .*all its connections break.*\nits process has stood still for \d+ s/);
    assert.deepEqual(connections(second), []);
    first.signal('SIGCONT');
    await inStep(lvs, second);
    assert.deepEqual(await established(second, ALL), connections(lvs));
    assert.deepEqual(await end(), answered);
  }),
);

test('its files cannot be written: it is logged, and connections go on to the peer', { skip }, () =>
  inPair(async (pair) => {
    const { bed, lvs, second } = pair;
    const key = newKey(pair).file;
    for (const director of [lvs, second]) addServices(director);
    const serve = `mount -t tmpfs -o size=4k none /run/weir/sync && exec "$@"`;
    const full = new RunningDaemon([
      ...['ip', 'netns', 'exec', lvs.namespace, 'sh', '-c', serve, 'sh'],
      ...[process.execPath, ENTRY, 'sync', 'serve', '--key', key, LINK_ADDRESS.second],
    ]);
    bed.atEnd(() => full.signal('SIGKILL'));
    await full.logged(/what it does cannot be written for weir sync status: no space left on device: going on without it/);
    startStream(pair, second, key, LINK_ADDRESS.first);
    const end = await chats(pair, CHATS);
    assert.deepEqual(await established(second, ALL), connections(lvs));
    await end();
    await full.stop();
  }),
);

test('the datapath is unloaded and loaded again and again: both processes go on, and the tables are the same in the end', { skip }, () =>
  inPair(async (pair) => {
    const { lvs, second } = pair;
    for (const director of [lvs, second]) addServices(director);
    const { first, other } = startStreams(pair);
    await inStep(lvs, second);
    const end = await chats(pair, CHATS);
    for (let round = 0; round < 6; round++) {
      doneInTurn(second.weir('unload'));
      await delay(100 * round);
      doneInTurn(restored(second));
    }
    await inStep(lvs, second);
    assert.deepEqual(await established(second, ALL), connections(lvs));
    assert.deepEqual(await end(), answered);
    for (const daemon of [first, other]) await daemon.stop();
  }),
);

test('a peer with shorter timeouts: what it loses so is counted', { skip }, () =>
  inPair(async (pair) => {
    const { lvs, second } = pair;
    for (const director of [lvs, second]) addServices(director);
    ok(second.ipvsadm('--set 5 0 0'));
    startStreams(pair);
    const end = await chats(pair, CHATS);
    await established(second, ALL);
    await until(
      () => streamOf(lvs),
      (answer) => answer?.wouldBreak === ALL,
      60,
    );
    assert.deepEqual([connections(second), connections(lvs).length], [[], ALL]);
    ok(second.ipvsadm('--set 900 0 0'));
    await end();
  }),
);
