// A takeover is killed before each of its steps, under traffic. After each death the other builds find that nothing has happened, or they refuse
// the tables and leave them alone; the build itself goes on, and at the end every connection is there, converted once.
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { Conf } from '../../src/datapath/ebpf/abi.gen.js';
import { LAYOUT } from '../../src/datapath/ebpf/layouts.gen.js';
import { pinnedLayouts } from '../../src/datapath/ebpf/table/layout.js';
import { layoutName, SECOND_TABLE_PIN } from '../../src/datapath/ebpf/table/tables.js';
import { BpfMap } from '../../src/sys/bpf/bpf-objects.js';
import { using } from '../../src/sys/fd.js';
import { type Host, noNamespaces, type Ran } from '../support/netns-bed.js';
import { noTools } from '../support/probes.js';
import { inCluster, ok, tablesOf } from './cluster.js';
import { programs } from './exchange-bed.js';
import { buildNext, type OtherBuild } from './layouts.js';
import { clients, traffic } from './resizing.js';
import { establishedNext, LAYOUT_NEXT, noneDropped, settledWith, takingOver } from './takeover-bed.js';

const skip = noNamespaces() || noTools('clang', 'llvm-strip', 'bpftool');

/** How far it is. From one to the next, a command that goes on has other steps before it. */
type Stage = 'not begun' | 'two tables' | 'one table';

function stageOf(lvs: Host): Stage {
  const { folder, conf } = tablesOf(lvs);
  if (conf.get(0, Conf.layout) === LAYOUT) return 'not begun';
  return existsSync(`${folder}/${SECOND_TABLE_PIN}`) ? 'two tables' : 'one table';
}

/** There are more steps; what is asked for is that no stage is left out. */
const STEPS_MIN: Readonly<Record<Stage, number>> = { 'not begun': 3, 'two tables': 20, 'one table': 20 };

/** All that a command must leave as it is. */
function picture(lvs: Host): readonly unknown[] {
  const tables = tablesOf(lvs);
  const { folder, conf } = tables;
  const table = using(BpfMap.pinned(`${folder}/conns`), (map) => map.info().id);
  return [readdirSync(folder).sort(), programs(folder), table, conf.get(0, Conf.layout), pinnedLayouts(tables)];
}

/** `own`: the layout of the build that refuses. */
function refuses({ status, stderr }: Ran, own: number, why: RegExp): void {
  assert.ok(status > 0, `status ${status}: ${stderr}`);
  assert.match(stderr, why);
  for (const layout of [LAYOUT_NEXT, own]) assert.ok(stderr.includes(layoutName(layout)), stderr);
}

/** A build with the connections of `next` and one map more. */
const LAYOUT_AFTER = 3;
const after = (next: OtherBuild): OtherBuild => ({ ...next, layouts: { ...next.layouts, later: 7 } });

test('killed before each step: it has not begun, or every other build refuses, and it is completed', { skip }, async () => {
  const next = buildNext();
  await inCluster(async (cluster) => {
    const { lvs } = cluster;
    ok(lvs.weir('load --attach tc --connections 4096'));
    const { ends } = await traffic(cluster);
    const listed = clients(lvs);
    const loaded = picture(lvs);
    const deaths = new Map<Stage, number>();
    let stage: Stage = 'not begun';
    for (let nth = 1; ; nth++) {
      const { status, stderr } = lvs.run(takingOver(next, LAYOUT_NEXT, nth));
      if (status === 0) break;
      const step: string = `${stage}, step ${nth}`;
      assert.match(stderr, /ended by SIGKILL/, step);
      deaths.set(stage, nth);
      const now = stageOf(lvs);
      if (now !== stage) nth = 0;
      assert.ok(now === stage || !deaths.has(now), `${step}: back to ${now}`);
      stage = now;
      if (stage === 'not begun') {
        assert.deepEqual(clients(lvs), listed, step);
        assert.equal(ok(lvs.weir('load')), '');
        assert.deepEqual(picture(lvs).slice(1), loaded.slice(1), step);
        continue;
      }
      const before = picture(lvs);
      for (const ran of [lvs.weir('load'), lvs.ipvsadm('-Ln')]) refuses(ran, LAYOUT, /has begun to take over/);
      refuses(lvs.run(takingOver(after(next), LAYOUT_AFTER)), LAYOUT_AFTER, /has begun to take over/);
      assert.deepEqual(picture(lvs), before, step);
    }
    for (const [each, min] of Object.entries(STEPS_MIN)) assert.ok((deaths.get(each as Stage) ?? 0) >= min, JSON.stringify([...deaths]));
    settledWith(lvs, next);
    assert.deepEqual(establishedNext(lvs), listed);
    const before = picture(lvs);
    refuses(lvs.weir('load'), LAYOUT, /of another build and goes on as it is \(maps? [^)]*\bconns\b/);
    assert.deepEqual(picture(lvs), before);
    await ends();
    noneDropped(lvs);
  });
});
