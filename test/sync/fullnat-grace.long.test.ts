// FULLNAT: a director takes over without the connections. In a grace period its stack resets no server, and chats go on once their connections have come.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { ok } from '../datapath/cluster.js';
import { noNamespaces } from '../support/netns-bed.js';
import { beginFullnat, CHATTED, locals } from './fullnat-pair.js';
import { chats, failOver, inPair } from './pair.js';
import { dropped, resets } from './resets.js';
import { LINK_ADDRESS, newKey, startStream } from './stream-pair.js';

const skip = noNamespaces();
const CHATS = 4;
/** Both ends send again several times meanwhile. */
const SILENCE_MS = 2000;

test('FULLNAT: in a grace period chats wait for their connections, of both families', { skip }, () =>
  inPair(async (pair) => {
    const { lvs, second, client, web2 } = pair;
    beginFullnat(pair, CHATTED);
    const key = newKey(pair).file;
    startStream(pair, lvs, key, LINK_ADDRESS.second);
    const end = await chats(pair, CHATS, CHATTED);
    // The second one's stack refuses the sessions of the stream meanwhile, by an RST each.
    const hosts = [client, web2];
    const before = hosts.map(resets);
    ok(second.weir('sync grace 60'));
    failOver(pair);
    locals(second, 'add');
    await pause(SILENCE_MS);
    assert.ok(dropped(pair, 'grace') > 0);
    assert.deepEqual(
      hosts.map((host, k) => resets(host) - (before[k] ?? 0)),
      [0, 0],
    );
    startStream(pair, second, key, LINK_ADDRESS.first);
    assert.deepEqual(
      await end(),
      CHATTED.map(() => `${CHATS} of ${CHATS}`),
    );
  }),
);
