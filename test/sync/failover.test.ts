// Two living directors, of which the second knows the connections of the first by synchronisation, and takes over.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ok, until } from '../datapath/cluster.js';
import { noNamespaces } from '../support/netns-bed.js';
import { addServices, chats, connections, countsOf, established, failOver, inPair, SERVICES, startDaemon } from './pair.js';

const skip = noNamespaces();
const CHATS = 10;

test('the first director fails: chats by NAT, DR and tunnel, of both families, go on by the second one, which started late', { skip }, () =>
  inPair(async (pair) => {
    const { lvs, second } = pair;
    for (const director of [lvs, second]) addServices(director);
    startDaemon(lvs, 'master');
    const end = await chats(pair, CHATS);
    startDaemon(second, 'backup');
    const rows = await established(second, CHATS * SERVICES.length);
    assert.deepEqual(rows, connections(lvs), 'states and servers are those of the first one');
    failOver(pair);
    assert.deepEqual(
      await end(),
      SERVICES.map(() => `${CHATS} of ${CHATS}`),
    );
    await until(
      () => countsOf(second, 'backup')['unbound'],
      (unbound) => unbound === 0,
    );
    ok(second.ipvsadm('--stop-daemon backup'));
    ok(lvs.ipvsadm('--stop-daemon master'));
  }),
);
