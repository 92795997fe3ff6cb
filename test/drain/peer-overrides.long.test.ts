// A server in maintenance is so at the second director, too: when it takes over, new clients go elsewhere; taken away there, it is so at the first one.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { askSocket, RunningWeir } from '../api/running-weir.js';
import { ok, until } from '../datapath/cluster.js';
import { station } from '../datapath/live-child.js';
import { begun } from '../datapath/traffic.js';
import { type Host, noNamespaces } from '../support/netns-bed.js';
import { addServices, connections, failOver, inPair, type Pair, SERVICES } from '../sync/pair.js';
import { inStep, LINK_ADDRESS, newKey, startStream } from '../sync/stream-pair.js';
import { killDrivers } from './drain-cluster.js';

const skip = noNamespaces();
const CHATS = 6;
const TARGET = '/v1/overrides/10.8.2.12';
const [SERVICE] = SERVICES;

/** The control API of a director. */
async function apiOf({ bed }: Pair, host: Host): Promise<(method: string, body?: unknown) => Promise<number>> {
  const folder = bed.folder('weir-api-');
  const [file, socket] = [`${folder}/weir.yaml`, `${folder}/api.sock`];
  writeFileSync(file, `api: {write_socket: ${socket}, read_socket: ${folder}/read.sock}\n`);
  const api = new RunningWeir(['api', 'serve', '--config', file], host.namespace);
  bed.endsWith(api.child);
  await api.logged(/the API answers/);
  return async (method, body) => (await askSocket(socket, method, TARGET, body, { 'if-match': '*' })).status;
}

/** Until the server's weight for packets is this one. */
const weighs = (host: Host, weight: number): Promise<string> =>
  until(
    () => ok(host.ipvsadm('-Ln')),
    (listing) => new RegExp(`10\\.8\\.2\\.12:90 +Masq +${weight} `).test(listing),
    60,
  );

test('a server in maintenance gets no client after a takeover; the override is taken away at the second director', { skip }, async () => {
  await inPair(async (pair) => {
    const { bed, lvs, second, web2 } = pair;
    assert.ok(SERVICE);
    const { address, port } = SERVICE;
    const key = newKey(pair).file;
    for (const host of [lvs, second]) {
      bed.undo(() => killDrivers(host));
      addServices(host, [SERVICE]);
    }
    const stream = startStream(pair, lvs, key, LINK_ADDRESS.second);
    startStream(pair, second, key, LINK_ADDRESS.first);
    web2.ip('addr add 10.8.2.13/24 dev eth0');
    for (const host of [lvs, second]) ok(host.ipvsadm(`-a -t ${address}:${port} -r 10.8.2.13:${port} -m`));
    await inStep(lvs, second);
    const [first, other] = [await apiOf(pair, lvs), await apiOf(pair, second)];
    assert.equal(await first('PUT', { state: 'maintenance', reason: 'new disks' }), 200);
    await weighs(second, 0);
    assert.match(ok(second.weir('drain list')), /override of 10\.8\.2\.12: maintenance by .*: new disks/);

    stream.signal('SIGKILL');
    failOver(pair);
    const end = await begun(pair, ...station('talk', address, port, CHATS));
    assert.equal(connections(second).filter((row) => row.includes('10.8.2.13:90')).length, CHATS);
    assert.equal(await end(), `${CHATS} of ${CHATS}`);

    assert.equal(await other('DELETE'), 204);
    startStream(pair, lvs, key, LINK_ADDRESS.second);
    await weighs(lvs, 1);
    await weighs(second, 1);
  });
});
