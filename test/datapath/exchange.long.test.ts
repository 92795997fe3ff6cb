// Another build's programs in the place of those that run: on tc's links, killed at any point, and refused.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { buildPin } from '../../src/datapath/ebpf/load/build-pin.js';
import { artifact } from '../../src/sys/artifact.js';
import type { Host } from '../support/netns-bed.js';
import { asked, inCluster, ok, tablesOf, VIP } from './cluster.js';
import { compiledWith } from './compilers.js';
import { allOfOne, balancing, exchangeTo, exchangeUnderTraffic, keptBuild, programs, skip } from './exchange-bed.js';

test('under traffic by tc, there and back: no packet is lost, the table stays', { skip }, () => exchangeUnderTraffic('tc'));

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
