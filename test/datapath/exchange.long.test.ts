// Another build's programs in the place of those that run: under traffic, killed at any point, refused, and of the IPv6 build alone.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { buildPin } from '../../src/datapath/ebpf/load/build-pin.js';
import { IPV6_ENTRY_PIN } from '../../src/datapath/ebpf/table/tables.js';
import { artifact } from '../../src/sys/artifact.js';
import type { Host } from '../support/netns-bed.js';
import { asked, inCluster, ipvsadm, ok, serving, tablesOf, VIP } from './cluster.js';
import { inCluster6, server6, VIP6 } from './cluster6.js';
import { compiledWith } from './compilers.js';
import { allOfOne, balancing, exchangeTo, exchangeUnderTraffic, firstIn, keptBuild, keptRelease, programs, skip } from './exchange-bed.js';
import { station } from './live-child.js';
import { allAnswered, begun } from './traffic.js';

for (const attach of ['tc', 'xdp'] as const)
  test(`under traffic by ${attach}, there and back: no packet is lost, the table stays`, { skip }, () => exchangeUnderTraffic(attach));

/** Kills it some turns after it took the old build's name away, unless it has ended by then. */
async function killedOnTheWay(host: Host, folder: string, command: readonly string[], turns: number): Promise<void> {
  const child: ChildProcess = spawn('ip', ['netns', 'exec', host.namespace, ...command], { stdio: 'ignore' });
  const gone = once(child, 'exit');
  const turn = (): Promise<void> => new Promise((done) => setImmediate(done));
  while (child.exitCode === null && readdirSync(folder).some((name) => name.startsWith('build_'))) await turn();
  for (let k = 0; k < turns; k++) await turn();
  child.kill('SIGKILL');
  await gone;
}

test('killed on the way: it goes on balancing, and the next weir load does all of it', { skip }, async () => {
  const { object, remove } = keptBuild();
  try {
    await inCluster(async (cluster) => {
      const { client, lvs } = cluster;
      await balancing(cluster);
      const { folder } = tablesOf(lvs);
      let halves = 0;
      for (let round = 0; round < 3 || halves === 0; round++) {
        assert.ok(round < 30, 'none was killed half way');
        await killedOnTheWay(lvs, folder, exchangeTo(object), (round % 3) * 12);
        if (programs(folder).builds.length === 0) halves++;
        assert.deepEqual([...asked(client, 'udp', VIP, 80, 2)].sort(), ['web1', 'web2']);
        ok(lvs.weir('load'));
        allOfOne(folder);
        assert.deepEqual(programs(folder).builds, [buildPin(artifact('weir.bpf.o'))]);
        assert.deepEqual([...asked(client, 'udp', VIP, 80, 2)].sort(), ['web1', 'web2']);
      }
    });
  } finally {
    remove();
  }
});

test('a build that fails its self-check replaces nothing', { skip }, async () => {
  await inCluster(async (cluster) => {
    const { client, lvs } = cluster;
    await balancing(cluster);
    const { folder } = tablesOf(lvs);
    const before = programs(folder);
    compiledWith('send.h', 'to[2] = (__u32)(p->ttl - 1) |', 'to[2] = (__u32)(p->ttl - 2) |', (object) => {
      const { status, stderr } = lvs.run(exchangeTo(object));
      assert.notEqual(status, 0);
      assert.match(stderr, /fails its self-check/);
    });
    assert.deepEqual(programs(folder), before);
    assert.deepEqual(asked(client, 'udp', VIP, 80, 2), ['web2', 'web1']);
  });
});

/** The number of the program by which packets of IPv6 are balanced. */
function ipv6Program(folder: string): number {
  const found = firstIn(folder, IPV6_ENTRY_PIN);
  assert.notEqual(found, 0);
  return found;
}

test('to a release in which only the IPv6 build is another, and back', { skip }, async () => {
  const { entry, remove } = keptRelease('ipv6');
  try {
    await inCluster6(async (cluster) => {
      const { client, lvs, web1, web2 } = cluster;
      for (const web of [web1, web2]) await serving(cluster, web, 80, '::');
      ipvsadm(lvs, `-A -u [${VIP6}]:80 -s rr`, ...[1, 2].map((k) => `-a -u [${VIP6}]:80 -r [${server6(k)}]:80 -m`));
      // As in exchangeUnderTraffic(): the kernel knows the servers' MACs before the first datagram counts.
      assert.deepEqual([...asked(client, 'udp', VIP6, 80, 2)].sort(), ['web1', 'web2']);
      const { folder } = tablesOf(lvs);
      const datagrams = await begun(cluster, ...station('stream', VIP6, 80));
      const [seen, saved] = [[ipv6Program(folder)], ok(lvs.ipvsadm('-Sn'))];
      const load = (path: string): string => ok(lvs.run([process.execPath, path, 'weir', 'load']));
      assert.equal(load(entry), 'the programs of this build replaced those of another; the table and its connections stay\n');
      seen.push(ipv6Program(folder));
      assert.equal(load(entry), '', 'there is nothing more to do');
      assert.match(ok(lvs.weir('status')), /programs of another build/);
      assert.match(ok(lvs.weir('load')), /^the programs of this build replaced those of another;/);
      seen.push(ipv6Program(folder));
      allOfOne(folder);
      assert.deepEqual(programs(folder).builds, [buildPin()]);
      assert.equal(new Set(seen).size, 3, seen.join(' '));
      await allAnswered(datagrams, 500);
      assert.equal(ok(lvs.ipvsadm('-Sn')), saved);
    });
  } finally {
    remove();
  }
});
