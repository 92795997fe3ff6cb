// What a drain must not cut before its deadline, besides connections of TCP that talk (promises.long.test.ts): those by FULLNAT, those that their client has
// half closed, and fragments. And what becomes of the connections of a server that the end of a drain removes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Cluster, inCluster, ipvsadm, rows, running, servingDirect, shared, until, VIP } from '../datapath/cluster.js';
import { station } from '../datapath/live-child.js';
import { begun } from '../datapath/traffic.js';
import { noNamespaces } from '../support/netns-bed.js';
import { drain, drained, withDrains } from './drain-cluster.js';
import { connected } from './reset-ends.js';

const skip = noNamespaces();
const within = shared(inCluster);
const COUNT = 4;
const [WEB1, WEB2, DIRECT, LOCAL] = ['10.8.2.11', '10.8.2.12', '10.8.1.11', '10.8.2.77'] as const;

/** So many pieces of so many bytes, one after the other, once the client has closed its half. */
const [PIECES, PIECE, PAUSE_MS] = [50, 2_000, 100] as const;
const AFTER_HALF = `const[,port,address]=process.argv;require('node:net').createServer({allowHalfOpen:true},(s)=>{s.on('error',()=>{});s.resume();s.on('end',()=>{
let n=0;const t=setInterval(()=>{s.write('x'.repeat(${PIECE}));if(++n===${PIECES}){clearInterval(t);s.end()}},${PAUSE_MS})})}).listen(Number(port),address,()=>console.log('ready'))`;
/** Closes its half of each connection; \`begun\` when each has got something, and a line for each that ends: how many bytes came, or why it was cut. */
const HALF_CLOSED = `const[,port,count]=process.argv;let begun=0;for(let k=0;k<count;k++){let n=0,cut='';
const s=require('node:net').connect({port:Number(port),host:'${VIP}',allowHalfOpen:true});s.on('connect',()=>s.end('?'));s.on('error',(e)=>{cut=e.code});
s.on('data',(d)=>{if(n===0&&++begun==count)console.log('begun');n+=d.length});s.on('close',()=>console.log(cut||n))}`;

/** Datagrams that leave in fragments, of one flow: on SIGTERM a line with how many were sent, and how many answers came. */
const FRAGMENTED = `const s=require('node:dgram').createSocket('udp4');let n=0,a=0;s.on('message',(d)=>{if(d.length!==4000)return;if(a++===0)console.log('begun')});
s.connect(93,'${VIP}',()=>{const t=setInterval(()=>{s.send(Buffer.alloc(4000,n));n++},20);
process.once('SIGTERM',()=>{clearInterval(t);const end=Date.now()+20000;setInterval(()=>{if(a<n&&Date.now()<end)return;console.log(n+' '+a);process.exit(0)},50)})})`;

const inside = (work: (cluster: Cluster) => Promise<void>): Promise<void> => withDrains(within, work);

test('connections by FULLNAT and fragments go on', { skip }, async () => {
  await inside(async (cluster) => {
    const { bed, lvs, web2 } = cluster;
    bed.undo(() => lvs.ip(`addr del ${LOCAL}/24 dev eth1`));
    lvs.ip(`addr add ${LOCAL}/24 dev eth1`);
    for (const port of [93, 9494]) await web2.serve(bed, station('echo', port, '0.0.0.0'));
    ipvsadm(
      lvs,
      `-A -t ${VIP}:94 -s rr`,
      `-a -t ${VIP}:94 -r ${WEB2}:9494 --fullnat --local-address ${LOCAL}`,
      `-A -u ${VIP}:93 -s rr`,
      `-a -u ${VIP}:93 -r ${WEB2}:93 -m`,
    );
    const localised = await begun(cluster, ...station('talk', VIP, 94, COUNT));
    const fragments = await begun(cluster, process.execPath, '-e', FRAGMENTED);
    const { seen } = drain(lvs, `${WEB2} --deadline 10m --allow-empty`);
    await until(
      () => drain(lvs, `status ${seen.id}`).seen,
      ({ remaining }) => remaining.open === COUNT + 1,
    );
    const [sent, answered] = (await fragments()).split(' ');
    assert.equal(answered, sent, 'datagrams in fragments');
    assert.equal(await localised(), `${COUNT} of ${COUNT}`);
  });
});

test('connections that their client has half closed go on: NAT and DR', { skip }, async () => {
  await inside(async (cluster) => {
    const { bed, lvs, client, web1, web2 } = cluster;
    await servingDirect(cluster, web1, DIRECT);
    for (const [web, port, address] of [
      [web2, 90, '0.0.0.0'],
      [web1, 91, VIP],
    ] as const)
      await web.serve(bed, [process.execPath, '-e', AFTER_HALF, String(port), address]);
    ipvsadm(
      lvs,
      ...[90, 91].map((port) => `-A -t ${VIP}:${port} -s rr`),
      `-a -t ${VIP}:90 -r ${WEB2}:90 -m`,
      `-a -t ${VIP}:91 -r ${DIRECT}:91 -g`,
    );
    const ends = [90, 91].map((port) => running(bed, client, [process.execPath, '-e', HALF_CLOSED, String(port), String(COUNT)]).lines);
    await until(
      () => ends,
      (all) => all.every(([first]) => first === 'begun'),
    );
    const drains = [`${WEB2}:90`, DIRECT].map((target) => drain(lvs, `${target} --deadline 10m --allow-empty`).seen);
    assert.deepEqual(
      drains.map(({ state, remaining }) => [state, remaining.open]),
      drains.map(() => ['draining', COUNT]),
    );
    await until(
      () => ends,
      (all) => all.every(({ length }) => length === COUNT + 1),
      30,
    );
    for (const lines of ends) assert.deepEqual(new Set(lines.slice(1)), new Set([String(PIECES * PIECE)]));
    await drained(lvs, drains[0]?.id ?? '', 'empty');
  });
});

test('the end by remove: what clients send on is answered by a reset, not by silence', { skip }, async () => {
  await inside(async (cluster) => {
    const { lvs, web1, web2 } = cluster;
    ipvsadm(
      lvs,
      `-A -t ${VIP}:90 -s rr`,
      `-a -t ${VIP}:90 -r ${WEB1}:9090 -m`,
      `-A -t ${VIP}:91 -s rr`,
      `-a -t ${VIP}:91 -r ${WEB2}:91 -m`,
    );
    const common = { vip: VIP, count: COUNT, address: '0.0.0.0' };
    const removed = await connected(cluster, { ...common, server: web1, port: 9090, vport: 90, busy: true });
    const others = await connected(cluster, { ...common, server: web2, port: 91, busy: true });
    assert.equal(drain(lvs, `${WEB1} --allow-empty --deadline 1s --end remove --wait`).status, 0);
    assert.deepEqual(
      rows(lvs).map((row) => row.split(' ')[0]),
      [`${WEB2}:91`],
    );
    await until(
      () => removed.client.length,
      (ended) => ended === COUNT,
      10,
    );
    for (const code of removed.client) assert.match(code, /^(ECONNRESET|EPIPE)$/);
    assert.deepEqual([others.client, others.server], [[], []]);
  });
});
