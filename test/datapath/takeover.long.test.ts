// Tables of the build before are taken over by XDP's programs, too; and killed at any point, the next command of the build completes it.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { PROGRAMS } from '../../src/datapath/ebpf/load/load.js';
import { SECOND_TABLE_PIN, TAKEOVER_PIN } from '../../src/datapath/ebpf/table/tables.js';
import { ENTRY, noNamespaces, type Ran } from '../support/netns-bed.js';
import { noTools } from '../support/probes.js';
import { type Cluster, inCluster, ok, pollingFarEnds, tablesOf } from './cluster.js';
import { buildBefore, buildNext, filesOf, type OtherBuild, THIS_BUILD } from './layouts.js';
import { buildWith, withRefused, withSpoiled } from './refused-object.js';
import { clients, killed, ofIpv6 } from './resizing.js';
import { establishedNext, loadedBefore, noneDropped, settledWith, takenOverTwice, takingOver } from './takeover-bed.js';

const skip = noNamespaces() || noTools('clang', 'llvm-strip', 'bpftool');

const ROUNDS = 4;

function withBuilds(work: (before: OtherBuild, next: OtherBuild) => Promise<void>): Promise<void> {
  return work(buildBefore(), buildNext());
}

test('by xdp under traffic', { skip }, () => withBuilds((before, next) => takenOverTwice('xdp', before, next)));

for (const attach of ['tc', 'xdp'] as const) {
  test(`IPv6 by ${attach} under traffic`, { skip }, () => takenOverTwice(attach, buildBefore('ipv6'), buildNext('ipv6'), ofIpv6));
}

/** By a command that prints `stderr`, under traffic by XDP: every connection stays, and no interface has XDP. */
async function withoutXdp(
  before: OtherBuild,
  stderr: RegExp,
  take: (cluster: Cluster, loaded: Awaited<ReturnType<typeof loadedBefore>>) => Ran,
): Promise<void> {
  await inCluster(async (cluster) => {
    const { lvs } = cluster;
    pollingFarEnds(cluster);
    // A veth that polls for GRO, too, loses nothing when XDP goes.
    for (const device of ['eth0', 'eth1']) ok(lvs.run(['ethtool', '-K', device, 'gro', 'on']));
    const loaded = await loadedBefore(cluster, before, 'xdp');
    const taken = take(cluster, loaded);
    assert.equal(taken.status, 0, taken.stderr);
    assert.match(taken.stderr, stderr);
    assert.deepEqual(
      readdirSync(tablesOf(lvs).folder).filter((name) => /^link_\d+_xdp$/.test(name)),
      [],
    );
    await loaded.ends();
    noneDropped(lvs);
  });
}

test('by XDP, where this kernel refuses the program of the build that takes over: tc goes on alone', { skip }, () =>
  withBuilds(async (before, next) => {
    await withoutXdp(before, /^weir load: IPv4 and IPv6 go by tc alone, without XDP: [^\n]*\n$/, ({ lvs }, { listed }) => {
      const folder = withRefused('weir.bpf.o', 'xdp', (object) => buildWith(object, 'weir.bpf.o'));
      try {
        const taken = lvs.run([process.execPath, join(folder, 'weir.cjs'), 'weir', 'load']);
        settledWith(lvs, { ...THIS_BUILD, files: { 'weir.bpf.o': join(folder, 'weir.bpf.o') } });
        assert.deepEqual(clients(lvs), listed);
        return taken;
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
    // The kernel refuses XDP of the bridging build, which comes first.
    await withoutXdp(before, /^$/, ({ lvs }, { listed }) => {
      ok(lvs.weir('load'));
      return withSpoiled(
        filesOf(next)('weir-takeover.bpf.o'),
        'xdp',
        (takeover) => {
          const taken = lvs.run(takingOver({ ...next, files: { ...next.files, 'weir-takeover.bpf.o': takeover } }));
          settledWith(lvs, next);
          assert.deepEqual(establishedNext(lvs), listed);
          return taken;
        },
        PROGRAMS.xdp,
      );
    });
  }),
);

/** Both takeovers are killed at one step, and done again. How many were on the way. */
async function killedTwice(before: OtherBuild, next: OtherBuild, round: number): Promise<number> {
  let unfinished = 0;
  await inCluster(async (cluster) => {
    const { lvs } = cluster;
    const { ends, listed } = await loadedBefore(cluster, before, 'tc');
    const { folder } = tablesOf(lvs);
    const has = (pin: string): boolean => existsSync(`${folder}/${pin}`);
    const recorded = (): boolean => readdirSync(folder).some((name) => name.startsWith(TAKEOVER_PIN));
    const building = (): boolean => readdirSync(folder).some((name) => name.startsWith('build_'));
    const signs = [() => has(SECOND_TABLE_PIN), recorded, () => recorded() && !building(), () => recorded() && !has(SECOND_TABLE_PIN)];
    const sign = signs[round % signs.length] ?? building;
    const turns = Math.floor(round / signs.length) * 400;
    await killed(lvs, [process.execPath, ENTRY, 'weir', 'load'], sign, turns);
    if (recorded()) unfinished += 1;
    ok(lvs.weir('load'));
    settledWith(lvs, THIS_BUILD);
    assert.deepEqual(clients(lvs), listed, `round ${round}`);
    await killed(lvs, takingOver(next), sign, turns);
    if (recorded()) unfinished += 1;
    ok(lvs.run(takingOver(next)));
    settledWith(lvs, next);
    assert.deepEqual(establishedNext(lvs), listed, `round ${round}`);
    await ends();
    noneDropped(lvs);
  });
  return unfinished;
}

test('killed at many steps, it is completed every time, and no packet is lost', { skip }, () =>
  withBuilds(async (before, next) => {
    let unfinished = 0;
    for (let round = 0; round < ROUNDS || (unfinished < ROUNDS / 2 && round < 3 * ROUNDS); round++)
      unfinished += await killedTwice(before, next, round);
    assert.ok(unfinished >= ROUNDS / 2, `${unfinished} were killed on the way`);
  }),
);
