// What a drain promises, each promise a test, with clients that begin connections at their own pace whatever becomes of those before. More of the second
// and the fifth promise is in kept-connections.long.test.ts, of the seventh in health.long.test.ts, of the sixth in peers.long.test.ts, of the tenth in
// this-director.long.test.ts; what needs no director in src/control/drain/step.test.ts: settling, tenths, persistence, slow start.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { schedulers } from '../../src/model/schedulers.js';
import { behindTunnel } from '../datapath/behind-tunnel.js';
import { asked, type Cluster, inCluster, ipvsadm, ok, rows, running, serving, shared, until, VIP } from '../datapath/cluster.js';
import { station } from '../datapath/live-child.js';
import { begun } from '../datapath/traffic.js';
import { noNamespaces } from '../support/netns-bed.js';
import { drain, drained, killDrivers, withDrains } from './drain-cluster.js';

const skip = noNamespaces();
const within = shared(inCluster);
const CHATS = 4;
const [WEB1, WEB2] = ['10.8.2.11', '10.8.2.12'] as const;
/** A client of the open loop gives up after 500 ms: what is answered later than that after the drain's answer was begun behind it. */
const BEGUN_BEFORE_MS = 600;

/** Datagrams of one flow, of which each must be answered: on SIGTERM a line with how many were sent, and how many answers came. */
const ONE_FLOW = `const s=require('node:dgram').createSocket('udp4');let n=0,a=0;s.on('message',()=>{if(a++===0)console.log('begun')});
s.connect(93,'${VIP}',()=>{const t=setInterval(()=>{s.send('?');n++},20);
process.once('SIGTERM',()=>{clearInterval(t);const end=Date.now()+20000;setInterval(()=>{if(a<n&&Date.now()<end)return;console.log(n+' '+a);process.exit(0)},50)})})`;

const service = (port: number, scheduler: string, ...more: readonly string[]): readonly string[] => [
  `-A -t ${VIP}:${port} -s ${scheduler}${more.map((word) => ` ${word}`).join('')}`,
  ...[WEB1, WEB2].map((address) => `-a -t ${VIP}:${port} -r ${address}:${port} -m -w 2`),
];

const inside = (work: (cluster: Cluster) => Promise<void>): Promise<void> => withDrains(within, work);

async function served(cluster: Cluster): Promise<void> {
  for (const web of [cluster.web1, cluster.web2]) {
    await serving(cluster, web);
    await web.serve(cluster.bed, station('echo', 90, '0.0.0.0'));
  }
}

const now = (): number => performance.timeOrigin + performance.now();

/** Answers of the open loop: when each came, and whose. */
const answersOf = (lines: readonly string[]): readonly (readonly [atMs: number, server: string])[] =>
  lines.map((line) => [Number(line.split(' ')[0]), line.split(' ')[1] ?? '']);

test('1: from the answer on no new connection reaches the server, whatever the scheduler', { skip }, async () => {
  await inside(async (cluster) => {
    const { bed, lvs, client } = cluster;
    await served(cluster);
    ipvsadm(lvs, ...service(80, 'rr'));
    for (const { name: scheduler } of schedulers) {
      ipvsadm(lvs, `-E -t ${VIP}:80 -s ${scheduler}`);
      const loop = running(bed, client, station('steady', VIP, 80));
      await until(
        () => loop.lines.length,
        (count) => count > 5,
      );
      const { seen } = drain(lvs, `${WEB1} --deadline 10m`);
      const from = now() + BEGUN_BEFORE_MS;
      const later = await until(
        () => answersOf(loop.lines).filter(([atMs]) => atMs >= from),
        (answers) => answers.length >= 10,
      );
      loop.child.kill('SIGKILL');
      assert.deepEqual([scheduler, ...new Set(later.map(([, server]) => server))], [scheduler, 'web2']);
      drain(lvs, `cancel ${seen.id}`);
    }
  });
});

test('2: no connection is cut before the deadline: NAT, DR, a tunnel, UDP', { skip }, async () => {
  await inside(async (cluster) => {
    const { bed, lvs, web1, web2 } = cluster;
    // The tunnel's end would get packets that no device has cut and summed yet.
    ok(cluster.client.run(['ethtool', '-K', 'eth0', 'tx', 'off', 'tso', 'off', 'gso', 'off']));
    await behindTunnel(cluster, 4, 0);
    await web2.serve(bed, station('echo', 90, '0.0.0.0'));
    for (const port of [91, 92]) await web1.serve(bed, station('echo', port, VIP));
    await serving(cluster, web2, 93);
    ipvsadm(
      lvs,
      ...[90, 91, 92].map((port) => `-A -t ${VIP}:${port} -s rr`),
      `-a -t ${VIP}:90 -r ${WEB2}:90 -m`,
      `-a -t ${VIP}:91 -r 10.8.1.11:91 -g`,
      `-a -t ${VIP}:92 -r ${WEB1}:92 -i`,
      `-A -u ${VIP}:93 -s rr`,
      `-a -u ${VIP}:93 -r ${WEB2}:93 -m`,
    );
    const ends = await Promise.all([90, 91, 92].map((port) => begun(cluster, ...station('talk', VIP, port, CHATS))));
    const datagrams = await begun(cluster, process.execPath, '-e', ONE_FLOW);
    const ids = [WEB1, '10.8.1.11', WEB2].map((target) => drain(lvs, `${target} --deadline 10m --allow-empty`).seen.id);
    await delay(3000);
    killDrivers(lvs);
    for (const end of ends) assert.equal(await end(), `${CHATS} of ${CHATS}`);
    const [sent, answered] = (await datagrams()).split(' ');
    assert.equal(answered, sent, 'a flow of UDP goes on');
    for (const id of ids) drain(lvs, `cancel ${id}`);
  });
});

test('3: persistent clients go elsewhere with release, and stay for a time with honour', { skip }, async () => {
  await inside(async (cluster) => {
    const { lvs, client } = cluster;
    await served(cluster);
    ipvsadm(lvs, ...service(80, 'rr', '-p', '300'));
    const [own = ''] = asked(client, 'tcp', VIP, 80, 1);
    const target = own === 'web1' ? WEB1 : WEB2;
    const honoured = drain(lvs, `${target} --persistence honour --deadline 10m`).seen;
    assert.deepEqual(new Set(asked(client, 'tcp', VIP, 80, 4)), new Set([own]));
    drain(lvs, `cancel ${honoured.id}`);
    const released = drain(lvs, `${target} --deadline 10m`).seen;
    assert.deepEqual(new Set(asked(client, 'tcp', VIP, 80, 4)), new Set([own === 'web1' ? 'web2' : 'web1']));
    drain(lvs, `cancel ${released.id}`);
  });
});

test('4, 5 and 9: it ends by itself, empty or at the deadline, and the exit status is which; remove takes the server out', {
  skip,
}, async () => {
  await inside(async (cluster) => {
    const { lvs, client } = cluster;
    await served(cluster);
    ipvsadm(lvs, ...service(80, 'rr'), ...service(90, 'rr'));
    asked(client, 'tcp', VIP, 80, 4);
    const empty = drain(lvs, `${WEB1}:80 --deadline 5m --wait`);
    assert.deepEqual([empty.status, empty.seen.state, empty.seen.remaining.open], [0, 'empty', 0], 'those in TIME_WAIT do not hold it up');
    const end = await begun(cluster, ...station('talk', VIP, 90, CHATS));
    const late = drain(lvs, `${WEB1}:90 --deadline 2s --wait`);
    assert.deepEqual([late.status, late.seen.state, late.seen.remaining.open], [3, 'deadline', CHATS / 2]);
    drain(lvs, `cancel ${late.seen.id}`);
    assert.equal(drain(lvs, `wait ${late.seen.id}`).status, 4);
    assert.equal(await end(), `${CHATS} of ${CHATS}`, 'keep cuts nothing');
    const removed = drain(lvs, `${WEB2}:90 --deadline 5m --end remove --wait`).seen;
    assert.equal(rows(lvs).filter((row) => row.startsWith(`${WEB2}:90`)).length, 0);
    for (const { id } of [removed, empty.seen]) drain(lvs, `cancel ${id}`);
  });
});

test('6 and 7: what is killed and reloaded changes nothing; cancelled, the weight is the configured one of that moment', {
  skip,
}, async () => {
  await inside(async (cluster) => {
    const { bed, lvs, client } = cluster;
    await served(cluster);
    ipvsadm(lvs, ...service(80, 'rr'));
    const { seen } = drain(lvs, `${WEB1} --deadline 10m`);
    killDrivers(lvs);
    const saved = ok(lvs.ipvsadm('-Sn'));
    assert.match(saved, /10\.8\.2\.11:80 -m -w 2/);
    ok(lvs.ipvsadm('-C'));
    ipvsadm(lvs, ...saved.trim().split('\n'));
    assert.deepEqual(new Set(asked(client, 'tcp', VIP, 80, 6)), new Set(['web2']), 'a table that is restored is held as before');
    const file = `${bed.folder('weir-drain-')}/weir.yaml`;
    ok(lvs.run(['sh', '-c', `${process.execPath} ${process.cwd()}/dist/weir.cjs weir export | sed 's/weight: 2/weight: 7/' >${file}`]));
    ok(lvs.run([process.execPath, `${process.cwd()}/dist/weir.cjs`, 'weir', 'apply', file]));
    assert.deepEqual(new Set(asked(client, 'tcp', VIP, 80, 6)), new Set(['web2']), 'a reload gives no weight back');
    drain(lvs, `cancel ${seen.id}`);
    assert.equal(
      rows(lvs)
        .find((row) => row.startsWith(`${WEB1}:80`))
        ?.split(' ')[2],
      '7',
    );
    assert.deepEqual(new Set(asked(client, 'tcp', VIP, 80, 16)), new Set(['web1', 'web2']));
  });
});

test('8 and 10: it empties no service unasked; one server of one service, a server everywhere, a service', { skip }, async () => {
  await inside(async (cluster) => {
    const { lvs, client } = cluster;
    await served(cluster);
    ipvsadm(lvs, ...service(80, 'rr'), ...service(81, 'rr').map((line) => line.replace(/:81 -m/, ':80 -m')));
    const answers = (port: number): ReadonlySet<string> => new Set(asked(client, 'tcp', VIP, port, 8));
    const one = drain(lvs, `tcp:${VIP}:80/${WEB1}:80 --deadline 10m`).seen;
    assert.deepEqual([answers(80), answers(81).size], [new Set(['web2']), 2]);
    assert.match(lvs.weir(`drain ${WEB2}`).stderr, /without a server/);
    drain(lvs, `cancel ${one.id}`);
    assert.match(lvs.weir(`drain ${WEB2} --min-capacity 60`).stderr, /50 % of its weights, and 60 % must be left/);
    const all = drain(lvs, `${WEB1} --deadline 10m`).seen;
    assert.deepEqual([answers(80), answers(81)], [new Set(['web2']), new Set(['web2'])]);
    drain(lvs, `cancel ${all.id}`);
    const whole = drain(lvs, `tcp:${VIP}:81 --deadline 10m`).seen;
    assert.deepEqual([answers(80).size, answers(81)], [2, new Set(['ECONNREFUSED'])]);
    await drained(lvs, whole.id, 'empty');
    drain(lvs, `cancel ${whole.id}`);
  });
});
