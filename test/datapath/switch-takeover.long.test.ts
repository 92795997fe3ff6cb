// A build with another layout of connections takes over the tables under switched connections: none ends, and no request is lost.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { Conf } from '../../src/datapath/ebpf/abi.gen.js';
import { LAYOUTS } from '../../src/datapath/ebpf/layouts.gen.js';
import { switchCounts } from '../../src/datapath/ebpf/switch/switch-maps.js';
import { pinLayouts } from '../../src/datapath/ebpf/table/layout.js';
import type { Host } from '../support/netns-bed.js';
import { noTools } from '../support/probes.js';
import { ok, tablesOf, until } from './cluster.js';
import { buildNext } from './layouts.js';
import { AT_SIX, skip as cannotSwitch, inSwitched, load } from './switch-cluster.js';
import { takingOver } from './takeover-bed.js';

const skip = cannotSwitch || noTools('clang', 'llvm-strip', 'bpftool');
const buildPins = (folder: string): readonly string[] => readdirSync(folder).filter((name) => name.startsWith('build_'));
const CLOSING = ['-H', 'Connection: close'];

/** Tables whose records of content switching are another build's are refused before a link has another program. */
function refusedForOthers(lvs: Host): void {
  const tables = tablesOf(lvs);
  const layout = tables.conf.get(0, Conf.layout);
  const build = buildPins(tables.folder);
  pinLayouts(tables.folder, { ...LAYOUTS, switch_flows: LAYOUTS.switch_flows + 1 });
  tables.conf.set(0, Conf.layout, layout + 1);
  const { status, stderr } = lvs.weir('load');
  assert.notEqual(status, 0);
  assert.match(stderr, /goes on as it is \(map switch_flows has another layout\)/);
  pinLayouts(tables.folder);
  tables.conf.set(0, Conf.layout, layout);
  assert.deepEqual(buildPins(tables.folder), build);
}

test('switched connections and new ones outlive a takeover by a build with another layout', { skip, timeout: 600_000 }, () => {
  const next = buildNext('ipv6', 'switch', 'switch6');
  return inSwitched('--connections 65536', async (switched) => {
    const { lvs, get } = switched;
    assert.equal(get('a.example'), '10.8.1.10');
    assert.equal(get('a.example', AT_SIX), 'fd00:8:1::10');
    const loads = [
      load(switched, 'a.example', 4),
      load(switched, 'a.example', 2, CLOSING),
      load(switched, 'a.example', 2, [], AT_SIX),
      load(switched, 'a.example', 2, CLOSING, AT_SIX),
      load(switched, 'c.example', 2, CLOSING),
    ];
    // Those of the maps: this build's commands refuse the tables of the other one.
    const counts = () => switchCounts(tablesOf(lvs).folder);
    const countOf = (name: 'SWITCHED_BOUND' | 'SWITCHED_TO_PROXY'): number => Number(counts().get(name) ?? 0n);
    const goesOn = async (): Promise<void> => {
      const [bound, undecided] = [countOf('SWITCHED_BOUND'), countOf('SWITCHED_TO_PROXY')];
      await until(
        () => [countOf('SWITCHED_BOUND'), countOf('SWITCHED_TO_PROXY')] as const,
        ([now, others]) => now > bound + 50 && others > undecided + 20,
      );
    };
    await goesOn();
    refusedForOthers(lvs);
    await goesOn();
    assert.ok(Number(ok(lvs.run(takingOver(next)))) > 0);
    await goesOn();
    // None of them was reset, and none waited in vain: what came while the table moved (SWITCHED_FAILED) its client sent again.
    for (const end of loads) assert.ok((await end()) > 100);
    for (const name of ['SWITCHED_FULL', 'SWITCHED_UNFIT', 'SWITCHED_LOST'] as const) assert.equal(counts().get(name), 0n, name);
  });
});
