// Two living directors that keep their connections the same by weir's own stream: failover and fail-back.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ok } from '../datapath/cluster.js';
import { noNamespaces } from '../support/netns-bed.js';
import { addServices, chats, connections, established, failBack, failOver, inPair, SERVICES } from './pair.js';
import { inStep, LINK_ADDRESS, newKey, startStream } from './stream-pair.js';

const skip = noNamespaces();
const CHATS = 10;
const ALL = CHATS * SERVICES.length;
const answered = SERVICES.map(() => `${CHATS} of ${CHATS}`);

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
