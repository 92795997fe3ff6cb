// A drain goes by weir's own stream to the second director, which takes over, leads new clients elsewhere, and ends the drain at its deadline.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ok, until } from '../datapath/cluster.js';
import { station } from '../datapath/live-child.js';
import { begun } from '../datapath/traffic.js';
import { type Host, noNamespaces } from '../support/netns-bed.js';
import { addServices, connections, failOver, inPair, SERVICES } from '../sync/pair.js';
import { inStep, LINK_ADDRESS, newKey, startStream } from '../sync/stream-pair.js';
import { drain, drained, killDrivers, type SeenDrain } from './drain-cluster.js';

const skip = noNamespaces();
const CHATS = 6;
const [SERVICE] = SERVICES;

const drains = (host: Host): readonly SeenDrain[] => JSON.parse(ok(host.weir('drain list --json'))) as readonly SeenDrain[];

test('the first director is killed: the second one goes on with its drain, and no chat is cut; cancelled there, it is so at the first one', {
  skip,
}, async () => {
  await inPair(async (pair) => {
    const { lvs, second, web2 } = pair;
    assert.ok(SERVICE);
    const { address, port } = SERVICE;
    const key = newKey(pair).file;
    for (const host of [lvs, second]) addServices(host, [SERVICE]);
    const stream = startStream(pair, lvs, key, LINK_ADDRESS.second);
    startStream(pair, second, key, LINK_ADDRESS.first);
    const end = await begun(pair, ...station('talk', address, port, CHATS));
    web2.ip('addr add 10.8.2.13/24 dev eth0');
    for (const host of [lvs, second]) ok(host.ipvsadm(`-a -t ${address}:${port} -r 10.8.2.13:${port} -m`));
    await inStep(lvs, second);

    const { seen } = drain(lvs, '10.8.2.12 --deadline 10m');
    await until(
      () => drains(second),
      ([one]) => one?.state === 'draining' && one.remaining.open === CHATS,
      60,
    );
    drain(second, 'deadline d1 20s');
    await until(
      () => drains(lvs),
      ([one]) => one !== undefined && one.deadlineInS <= 20,
      60,
    );

    stream.signal('SIGKILL');
    killDrivers(lvs);
    killDrivers(second);
    failOver(pair);
    const others = await begun(pair, ...station('talk', address, port, CHATS));
    assert.equal(connections(second).filter((row) => row.includes('10.8.2.13:90')).length, CHATS, 'new ones go elsewhere');
    await until(
      () => drain(second, 'status d1').seen,
      ({ driver }) => driver !== null,
      60,
    );
    await drained(second, 'd1', 'deadline');
    assert.equal(await end(), `${CHATS} of ${CHATS}`);
    assert.equal(await others(), `${CHATS} of ${CHATS}`);

    startStream(pair, lvs, key, LINK_ADDRESS.second);
    drain(second, 'cancel d1');
    await drained(lvs, seen.id, 'cancelled');
    assert.doesNotMatch(ok(lvs.ipvsadm('-Ln')), /10\.8\.2\.12:90 +Masq +0/);
  });
});
