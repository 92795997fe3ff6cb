// Tables of the build before are taken over by XDP's programs, too; and killed at any point, the next command of the build completes it.
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { LAYOUTS } from '../../src/datapath/ebpf/layouts.gen.js';
import { SECOND_TABLE_PIN, TAKEOVER_PIN } from '../../src/datapath/ebpf/table/tables.js';
import { artifact } from '../../src/sys/artifact.js';
import { ENTRY, noNamespaces } from '../support/netns-bed.js';
import { noTools } from '../support/probes.js';
import { inCluster, ok, tablesOf } from './cluster.js';
import { buildBefore, buildNext, type OtherBuild } from './layouts.js';
import { clients, killed } from './resizing.js';
import { establishedNext, loadedBefore, noneDropped, settledWith, takenOverTwice, takingOver } from './takeover-bed.js';

const skip = noNamespaces() || noTools('clang', 'llvm-strip', 'bpftool');

const ROUNDS = 4;

function withBuilds(work: (before: OtherBuild, next: OtherBuild) => Promise<void>): Promise<void> {
  const [before, next] = [buildBefore(), buildNext()];
  return work(before, next).finally(() => {
    before.remove();
    next.remove();
  });
}

test('by xdp under traffic', { skip }, () => withBuilds((before, next) => takenOverTwice('xdp', before, next)));

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
    settledWith(lvs, { plain: artifact('weir.bpf.o'), layouts: LAYOUTS });
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
    for (let round = 0; round < ROUNDS; round++) unfinished += await killedTwice(before, next, round);
    assert.ok(unfinished >= ROUNDS / 2, `${unfinished} were killed on the way`);
  }),
);
