// Tables of a build whose connections have another layout are taken over under traffic: no packet is lost, no connection ends.
// (By XDP, and killed on the way: takeover.long.test.ts.)
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LAYOUTS, LAYOUTS_BEFORE } from '../../src/datapath/ebpf/layouts.gen.js';
import { FEATURE_PINS, FULLNAT_FLOWS_PINS, SIDE_PINS, SWITCH_IN_USE } from '../../src/datapath/ebpf/table/tables.js';
import { noNamespaces } from '../support/netns-bed.js';
import { noTools } from '../support/probes.js';
import { inCluster, ok, until } from './cluster.js';
import { buildBefore, buildNext } from './layouts.js';
import { TALKERS } from './resizing.js';
import { checkTable } from './table-check.js';
import { loadedBefore, takenOverTwice, viewOf } from './takeover-bed.js';

const skip = noNamespaces() || noTools('clang', 'llvm-strip', 'bpftool');

test('from the layout before to this one, and from this one to a next one, under traffic', { skip }, async (context) => {
  const [before, next] = [buildBefore(), buildNext()];
  await context.test('layout-before.h has the numbers of that layout', () => {
    // Those of IPv6, of all ports and of SCTP are maps of builds of their own, and so are those of FULLNAT, of FTP, of tunnels and of content
    // switching.
    const beside: readonly string[] = [...SIDE_PINS.flatMap((pins) => Object.values(pins)), ...FEATURE_PINS, ...Object.keys(SWITCH_IN_USE)];
    const shared = Object.entries(LAYOUTS).filter(([name]) => !beside.includes(name));
    assert.deepEqual(before.layouts, { ...Object.fromEntries(shared), conns: LAYOUTS_BEFORE.conns });
    assert.deepEqual(
      Object.keys(next.layouts).filter((name) => next.layouts[name] !== LAYOUTS[name as keyof typeof LAYOUTS]),
      ['conns', 'fullnat_carried', ...Object.values(FULLNAT_FLOWS_PINS)],
    );
  });
  await context.test('by tc', () => takenOverTwice('tc', before, next));
  await context.test('every connection is where this layout has its place', () =>
    inCluster(async (cluster) => {
      const { ends } = await loadedBefore(cluster, before, 'tc');
      ok(cluster.lvs.weir('load'));
      await ends();
      const checked = (): string => {
        try {
          return checkTable(viewOf(cluster.lvs)).length >= TALKERS ? 'right' : 'too few';
        } catch (error) {
          return String(error);
        }
      };
      // The last segments of those that end may still be on their way.
      await until(checked, (seen) => seen === 'right');
    }),
  );
});
