// weir's own stream between two living directors: failover and fail-back, keys that differ, services that come late, and a process that is killed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ok, until } from '../datapath/cluster.js';
import { noNamespaces } from '../support/netns-bed.js';
import { addServices, chats, connections, established, failBack, failOver, inPair, SERVICES } from './pair.js';
import { inStep, LINK_ADDRESS, newKey, type StreamAnswer, startStream, startStreams, streamOf } from './stream-pair.js';

const skip = noNamespaces();
const CHATS = 10;
const ALL = CHATS * SERVICES.length;
/** After so long a node remembers from which process all came. */
const KNOWN_MS = 7000;
const answered = SERVICES.map(() => `${CHATS} of ${CHATS}`);

test('a node with another key gets nothing, and pins state whose key counts', { skip }, () =>
  inPair(async (pair) => {
    const { lvs, second } = pair;
    const [one, other] = [newKey(pair), newKey(pair)];
    for (const director of [lvs, second]) addServices(director);
    const first = startStream(pair, lvs, one.file, LINK_ADDRESS.second);
    const end = await chats(pair, 1);
    const stranger = startStream(pair, second, other.file, LINK_ADDRESS.first);
    await until(
      () => streamOf(lvs)?.stream,
      (stream) => (stream?.refused?.key ?? 0) > 1 && (stream?.peers[0]?.to.faults?.['key'] ?? 0) > 1,
      30,
    );
    assert.deepEqual(connections(second), []);
    assert.equal(streamOf(lvs)?.wouldBreak, null);
    for (const daemon of [first, stranger]) await daemon.stop();
    assert.equal(streamOf(lvs), undefined);
    startStream(pair, lvs, one.file, `${LINK_ADDRESS.second}=${other.pin}`);
    startStream(pair, second, other.file, `${LINK_ADDRESS.first}=${one.pin}`);
    await inStep(lvs, second);
    assert.deepEqual(await established(second, SERVICES.length), connections(lvs));
    await end();
  }),
);

test('a service that comes late gets its connections; a killed process goes on where the tables are', { skip }, () =>
  inPair(async (pair) => {
    const { lvs, second } = pair;
    addServices(lvs);
    const { key, first } = startStreams(pair);
    const end = await chats(pair, CHATS);
    await until(
      () => streamOf(lvs),
      (answer) => answer?.wouldBreak === ALL,
      30,
    );
    assert.deepEqual(connections(second), []);
    const unbound = (answer: StreamAnswer | undefined): number | undefined => answer?.stream.peers[0]?.from.lacking.unbound;
    await until(
      () => unbound(streamOf(second)),
      (count) => count === ALL,
      30,
    );
    addServices(second);
    await established(second, ALL);
    await inStep(lvs, second);
    ok(second.ipvsadm('-C'));
    addServices(second);
    await established(second, ALL);
    await inStep(lvs, second);
    first.signal('SIGKILL');
    const others = await chats(pair, CHATS);
    assert.equal(connections(second).length, ALL);
    startStream(pair, lvs, key, LINK_ADDRESS.second);
    await established(second, 2 * ALL);
    failOver(pair);
    assert.deepEqual(await end(), answered);
    assert.deepEqual(await others(), answered);
  }),
);

test('what ends while the process of a stream is down is found by its peer, when the next one has sent all', { skip }, () =>
  inPair(async (pair) => {
    const { lvs, second } = pair;
    for (const director of [lvs, second]) addServices(director);
    const { key, first } = startStreams(pair);
    await chats(pair, CHATS);
    await established(second, ALL);
    await inStep(lvs, second);
    await delay(KNOWN_MS);
    first.signal('SIGKILL');
    const [gone] = SERVICES;
    assert.ok(gone !== undefined);
    const service = `-t ${gone.address}:${gone.port}`;
    ok(lvs.weir('sysctl -w net.ipv4.vs.expire_nodest_conn=1'));
    ok(lvs.ipvsadm(`-d ${service} -r ${gone.server.split(' ')[0]}`));
    await established(lvs, ALL - CHATS);
    ok(lvs.ipvsadm(`-a ${service} -r ${gone.server}`));
    assert.equal(connections(second).length, ALL);
    startStream(pair, lvs, key, LINK_ADDRESS.second);
    await established(second, ALL - CHATS);
    await inStep(lvs, second);
    assert.deepEqual(connections(second), connections(lvs));
  }),
);

test('a late node gets all; the first one fails, comes back empty, gets all, and takes over again: no chat ends', { skip }, () =>
  inPair(async (pair) => {
    const { lvs, second } = pair;
    const key = newKey(pair).file;
    for (const director of [lvs, second]) addServices(director);
    const first = startStream(pair, lvs, key, LINK_ADDRESS.second);
    const end = await chats(pair, CHATS);
    startStream(pair, second, key, LINK_ADDRESS.first);
    await inStep(lvs, second);
    assert.deepEqual(await established(second, ALL), connections(lvs), 'states and servers are those of the first one');
    first.signal('SIGKILL');
    failOver(pair);
    const others = await chats(pair, CHATS);

    ok(lvs.weir('unload'));
    addServices(lvs);
    assert.deepEqual(connections(lvs), []);
    startStream(pair, lvs, key, LINK_ADDRESS.second);
    await inStep(second, lvs);
    assert.deepEqual(await established(lvs, 2 * ALL), connections(second));
    failBack(pair);
    assert.deepEqual(await others(), answered);
    assert.deepEqual(await end(), answered);
  }),
);
