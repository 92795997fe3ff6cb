// A director takes over without the connections: in a grace period no host gets an RST, and chats go on once their connections have come; without one they
// are reset.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { ok, until } from '../datapath/cluster.js';
import { noNamespaces } from '../support/netns-bed.js';
import { addServices, chats, failOver, inPair, type Pair, SERVICES, startDaemon } from './pair.js';
import { dropped, resets } from './resets.js';

const skip = noNamespaces();
const CHATS = 4;
/** Both ends send again several times meanwhile. */
const SILENCE_MS = 2000;

/** With its chats under way, and what counts resets from now on. */
async function begin(pair: Pair) {
  const { lvs, second, client, web1, web2 } = pair;
  for (const director of [lvs, second]) addServices(director);
  startDaemon(lvs, 'master');
  const end = await chats(pair, CHATS);
  const hosts = [client, second, web1, web2];
  const before = hosts.map(resets);
  return { end, resetSince: () => hosts.map((host, k) => resets(host) - (before[k] ?? 0)) };
}

test('in a grace period chats wait for their connections: by NAT, DR and tunnel, of both families', { skip }, () =>
  inPair(async (pair) => {
    const { second } = pair;
    const { end, resetSince } = await begin(pair);
    ok(second.weir('sync grace 60'));
    assert.match(second.weir('sync status').stdout, /^grace period of 60 s: for 5\d\.\d s more, /m);
    failOver(pair);
    await pause(SILENCE_MS);
    assert.ok(dropped(pair, 'grace') >= CHATS * SERVICES.length, `${dropped(pair, 'grace')} packets`);
    assert.deepEqual(resetSince(), [0, 0, 0, 0]);
    startDaemon(second, 'backup');
    const all = SERVICES.map(() => `${CHATS} of ${CHATS}`);
    assert.deepEqual(await end(), all);
    assert.equal(dropped(pair, 'no_connection'), 0);
    ok(second.weir('sync grace 0'));
    assert.equal(ok(second.weir('sync grace')), 'no grace period runs\n');
  }),
);

test('without one they are reset', { skip }, () =>
  inPair(async (pair) => {
    const { resetSince } = await begin(pair);
    failOver(pair);
    await until(
      () => dropped(pair, 'no_connection'),
      (count) => count >= SERVICES.length,
    );
    await until(resetSince, ([client = 0, second = 0]) => client > 0 && second > 0);
    assert.equal(dropped(pair, 'grace'), 0);
  }),
);
