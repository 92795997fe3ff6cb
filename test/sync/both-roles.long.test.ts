// Two directors that are master and backup at the same time, by one id: each receives what the other one announces of its own.
import { test } from 'node:test';
import { ok, until } from '../datapath/cluster.js';
import { noNamespaces } from '../support/netns-bed.js';
import { addServices, chats, connections, established, inPair, SERVICES, startDaemon } from './pair.js';

const skip = noNamespaces();
const CHATS = 4;
/** Seconds without a packet. */
const TIMEOUT = 10;

test('what has no packet any more ends at both, though each has it from the other one, too', { skip }, () =>
  inPair(async (pair) => {
    const { lvs, second, client } = pair;
    for (const director of [lvs, second]) {
      addServices(director);
      ok(director.ipvsadm(`--set ${TIMEOUT} ${TIMEOUT} ${TIMEOUT}`));
      for (const role of ['backup', 'master'] as const) startDaemon(director, role);
    }
    await chats(pair, CHATS);
    await established(second, CHATS * SERVICES.length);
    client.ip('link set eth0 down');
    for (const director of [lvs, second])
      await until(
        () => connections(director).length,
        (count) => count === 0,
        6 * TIMEOUT,
      );
  }),
);
