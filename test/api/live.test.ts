// The API on a living director: what it changes is what packets meet; killed in a change, that is made wholly or not at all; clients that do not read.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { field, parseJson } from '../../src/model/json.js';
import { asked, type Cluster, inCluster, ipvsadm, ok, serving, shared, VIP } from '../datapath/cluster.js';
import { shell } from '../datapath/marked-cluster.js';
import { breadth, test } from '../support/breadth.js';
import { noNamespaces } from '../support/netns-bed.js';
import { noTools, notWorking } from '../support/probes.js';
import { type Answered, askSocket, RunningWeir } from './running-weir.js';

const on = { skip: noNamespaces(), timeout: 600_000 };
const inside = shared(inCluster);
const folder = mkdtempSync(join(tmpdir(), 'weir-api-live-'));
after(() => rmSync(folder, { recursive: true }));
const [SOCKET, READ, FILE] = ['api.sock', 'read.sock', 'weir.yaml'].map((name) => join(folder, name)) as [string, string, string];
writeFileSync(FILE, `api: {write_socket: ${SOCKET}, read_socket: ${READ}}\n`);

const ANY = { 'if-match': '*' };
const ask = (method: string, path: string, body?: unknown): Promise<Answered> => askSocket(SOCKET, method, path, body, ANY);

async function serve({ bed, lvs }: Cluster): Promise<RunningWeir> {
  const api = new RunningWeir(['api', 'serve', '--config', FILE], lvs.namespace);
  bed.endsWith(api.child);
  await api.logged(/the API answers/);
  return api;
}

const servers = ['10.8.2.11:80', '10.8.2.12:80'];
const service = `tcp:${VIP}:80`;

test('what is changed by the API is what the next packet meets', on, async () => {
  await inside(async (cluster) => {
    const { client, web1, web2, lvs } = cluster;
    ipvsadm(lvs, `-A -u ${VIP}:9 -s rr`);
    for (const web of [web1, web2]) await serving(cluster, web);
    await serve(cluster);
    const seen = (times: number): readonly string[] => [...new Set(asked(client, 'tcp', VIP, 80, times))].sort();
    assert.equal((await ask('PUT', '/v1/configuration', { services: { [service]: { scheduler: 'rr', servers } } })).status, 200);
    assert.deepEqual(seen(4), ['web1', 'web2']);
    assert.equal((await ask('PATCH', `/v1/services/${service}/servers/${servers[0]}`, { weight: 0 })).status, 200);
    assert.deepEqual(seen(4), ['web2']);
    const listed = field(parseJson((await ask('GET', '/v1/services')).text), 'services') as { servers: { id: string; weight: number }[] }[];
    assert.deepEqual(listed.flatMap((one) => one.servers.map(({ id, weight }) => `${id} ${weight}`)).toSorted(), [
      '10.8.2.11:80 0',
      '10.8.2.12:80 1',
    ]);
    // What another program changes is in the next answer, too, though the last one is kept.
    const before = await ask('GET', '/v1/services');
    ipvsadm(lvs, `-A -u ${VIP}:10 -s wlc`);
    const now = await ask('GET', '/v1/services');
    assert.ok(now.text.includes('"wlc"') && !before.text.includes('"wlc"'));
    assert.notEqual(now.etag, before.etag);
    const [change] = field(parseJson((await ask('GET', '/v1/changes')).text), 'changes') as { readonly id: string }[];
    const plan = field(parseJson((await ask('POST', `/v1/changes/${change?.id}/revert`)).text), 'id');
    assert.equal((await ask('POST', `/v1/plans/${plan}/apply`)).status, 200);
    assert.deepEqual(seen(4), ['web1', 'web2']);
    assert.equal((await ask('POST', '/v1/drains', { target: '10.8.2.12', deadline: 60 })).status, 202);
    assert.deepEqual(seen(4), ['web1']);
    assert.equal((await ask('DELETE', '/v1/drains/d1')).status, 200);
    assert.deepEqual(seen(40), ['web1', 'web2']);
    const at = `/v1/overrides/${encodeURIComponent(`${service}/${servers[1]}`)}`;
    assert.equal((await ask('PUT', at, { state: 'maintenance', reason: 'a test' })).status, 200);
    assert.deepEqual(seen(4), ['web1']);
    assert.match(ok(lvs.weir('drain list')), /^override of tcp:.*: maintenance by uid 0 .*: a test$/m);
    assert.equal((await ask('PUT', at, { state: 'ready', weight: 7, reason: 'a test', for: 1 })).status, 200);
    // Nothing but the process in the background ends it.
    while (!(await ask('GET', '/v1/overrides')).text.includes('"overrides":[]')) await sleep(100);
    assert.deepEqual(seen(40), ['web1', 'web2']);
  });
});

test('a rule of the packet filter holds for a service that comes by the API', { ...on, skip: on.skip || noTools('iptables') }, async () => {
  await inside(async (cluster) => {
    const { bed, lvs } = cluster;
    ipvsadm(lvs, `-A -u ${VIP}:9 -s rr`);
    const passes = (): unknown => field(field(field(parseJson(ok(lvs.weir('status --json'))), 'datapath'), 'firewall'), 'passes');
    const apply = (services: unknown): Promise<Answered> => ask('PUT', '/v1/configuration', { services });
    bed.undo(() => shell(lvs, 'iptables -F INPUT'));
    shell(lvs, `iptables -A INPUT -d ${VIP} -p tcp --dport 80 -s 10.8.1.77 -j DROP`);
    assert.equal(passes(), false);
    const api = await serve(cluster);
    assert.equal((await apply({ [service]: { scheduler: 'rr', servers } })).status, 200);
    assert.equal(passes(), true);
    await api.logged(/new connections pass the packet filter before they are balanced from now on: .*DROP/);
    assert.equal((await apply({ [`tcp:${VIP}:81`]: { scheduler: 'rr', servers } })).status, 200);
    assert.equal(passes(), false);
  });
});

test('the answer to a change names a policy of IPsec that is not applied to it', {
  ...on,
  skip: on.skip || notWorking('xfrm', 'ip', 'xfrm', 'policy'),
}, async () => {
  await inside(async (cluster) => {
    const { bed, lvs } = cluster;
    ipvsadm(lvs, `-A -u ${VIP}:9 -s rr`);
    const policy = `src 203.0.113.0/24 dst ${VIP}/32 dir out`;
    await serve(cluster);
    const put = async (method: string): Promise<unknown> =>
      field(parseJson((await ask('PUT', `/v1/services/${service}`, { method, servers: ['10.8.2.11:80'] })).text), 'warnings');
    assert.deepEqual(await put('route'), []);
    bed.undo(() => lvs.ip(`xfrm policy delete ${policy}`));
    lvs.ip(`xfrm policy add ${policy} tmpl src 198.51.100.2 dst 198.51.100.1 proto esp mode tunnel`);
    assert.deepEqual(await put('masq'), []);
    assert.match(String(await put('route')), /the policy of IPsec src 203\.0\.113\.0\/24 .* is not applied to what is not masqueraded/);
  });
});

const SERVICES = 150;
const many = (port: number): unknown => ({
  services: Object.fromEntries(
    Array.from({ length: SERVICES }, (_, index) => [`tcp:192.0.2.1:${port + index}`, { servers: ['10.8.2.11:80'] }]),
  ),
});

/** Kills the process so many milliseconds after the plan was confirmed; undefined: before. */
async function killedAfter(cluster: Cluster, ms: number | undefined, port: number): Promise<void> {
  const before = ipvsadm(cluster.lvs, '-Sn');
  const api = await serve(cluster);
  const made = await ask('POST', '/v1/plans', { document: many(port) });
  const id = field(parseJson(made.text), 'id');
  assert.equal(made.status, 201);
  if (ms !== undefined) {
    ask('POST', `/v1/plans/${id}/apply`).catch(() => {});
    await sleep(ms);
  }
  await api.end('SIGKILL');
  const found = ipvsadm(cluster.lvs, '-Sn');
  const isNew = found.split('\n').filter((line) => line.startsWith('-A')).length === SERVICES && found.includes(`192.0.2.1:${port} `);
  assert.ok(found === before || (ms !== undefined && isNew), `after ${ms} ms the table is neither: ${found}`);
  const again = await serve(cluster);
  assert.equal((await ask('POST', `/v1/plans/${id}/apply`)).status, 404);
  assert.equal((await ask('GET', '/v1/changes')).status, 200);
  await again.end('SIGTERM');
}

const killed = async (delays: readonly (number | undefined)[]): Promise<void> =>
  inside(async (cluster) => {
    ipvsadm(cluster.lvs, `-A -u ${VIP}:9 -s rr`);
    for (const [index, ms] of delays.entries()) await killedAfter(cluster, ms, 1000 + 500 * (index % 2));
  });

test('killed between a plan and its end, the table is that before or that of the plan', on, () => killed([undefined, 15]));
breadth('the same at many points of a change', on, () => killed([undefined, ...Array.from({ length: 40 }, (_, index) => 2 * index)]));

/** Connections that ask and take nothing of the answer. */
async function unread(cluster: Cluster, count: number, path: string): Promise<void> {
  await serve(cluster);
  const sockets = Array.from({ length: count }, () => connect(READ).on('error', () => {}));
  cluster.bed.undo(() => sockets.forEach((socket) => socket.destroy()));
  for (const socket of sockets) {
    socket.pause();
    for (let times = 0; times < 20; times++) socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  }
  for (let times = 0; times < 5; times++) assert.deepEqual(await askSocket(SOCKET, 'GET', '/livez'), { status: 200, text: 'ok\n' });
  assert.equal((await ask('PUT', `/v1/services/${service}`, { servers })).status, 200);
}

test('clients that do not read take nothing from others', on, () =>
  inside(async (cluster) => {
    ipvsadm(cluster.lvs, `-A -u ${VIP}:9 -s rr`);
    await unread(cluster, 20, '/v1/events');
  }),
);

breadth('hundreds of clients that do not read, of each kind of answer', on, () =>
  inside(async (cluster) => {
    const lines = Array.from({ length: 500 }, (_, index) => `-A -t 192.0.2.1:${1000 + index} -s rr`);
    ipvsadm(cluster.lvs, ...lines);
    for (const path of ['/v1/events', '/v1/services', '/metrics', '/v1/configuration', '/v1/openapi.json'])
      await cluster.bed.part(() => unread(cluster, 300, path));
  }),
);
