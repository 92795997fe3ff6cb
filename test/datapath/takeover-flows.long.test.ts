// The connections of every build beside the links' are taken over, by XDP and tc; and those of all together, by a command that is killed again and again.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Conf } from '../../src/datapath/ebpf/abi.gen.js';
import { LAYOUT } from '../../src/datapath/ebpf/layouts.gen.js';
import { openDirector } from '../../src/datapath/ebpf/open.js';
import { CONNECTION_PINS, movePins } from '../../src/datapath/ebpf/table/tables.js';
import { isWeirError } from '../../src/model/errors/weir-error.js';
import { noTools } from '../support/probes.js';
import { type Bed, openBed, skipReason } from './bed.js';
import { SIDE_NAMES } from './compilers.js';
import { buildNext } from './layouts.js';
import { Flows, kindOf, SIDE_KINDS } from './side-moves.js';
import { LAYOUT_NEXT } from './takeover-bed.js';
import { movedToNext, settledNext, takenByNext, takenFromBefore, withFlows } from './takeover-flows.js';

const skip = skipReason() || noTools('clang', 'llvm-strip', 'bpftool');

for (const [what, hook] of [
  ['IPv6', 'ingress'],
  ['IPv6, with XDP in front of tc', 'xdp'],
] as const) {
  test(`${what}: from the layout before to this one, and to a next one`, { skip }, () =>
    withFlows([kindOf('IPv6')], hook, (bed, all) => {
      for (const flows of all) takenFromBefore(flows);
      takenByNext(bed, all);
    }),
  );
}

const others = SIDE_KINDS.filter(({ label }) => label !== 'IPv6');
test(`${others.map(({ label }) => label).join('; ')}: from this layout to a next one`, { skip }, () =>
  withFlows(others, 'ingress', takenByNext),
);

const CHILD = fileURLToPath(new URL('./takeover-child.js', import.meta.url));

/** How far a takeover is: by the second tables that are there. */
type Stage = 'not begun' | 'none moved' | 'some moved' | 'all moved';

function stageOf({ folder, tables }: Bed): Stage {
  if (tables.conf.get(0, Conf.layout) === LAYOUT) return 'not begun';
  const left = CONNECTION_PINS.filter((table) => existsSync(`${folder}/${movePins(table).second}`)).length;
  if (left === 0) return 'all moved';
  return left === CONNECTION_PINS.length ? 'none moved' : 'some moved';
}

/** As many steps later as a command in that stage is killed the next time: the exchanges have hundreds, a table that moves has five. */
const STRIDES: Readonly<Record<Stage, number>> = { 'not begun': 5, 'none moved': 29, 'some moved': 2, 'all moved': 29 };

test('all at a time, killed again and again: it has not begun, or no other build has the tables, and it is completed', { skip }, () => {
  const next = buildNext(...SIDE_NAMES);
  const bed = openBed({ attach: 'tc', capacity: { connBuckets: 512 } });
  try {
    const all = SIDE_KINDS.map((kind) => new Flows(bed, kind));
    const converse = (): void => {
      bed.renew();
      for (const flows of all) {
        flows.open(1);
        flows.goOn();
      }
    };
    for (const flows of all) flows.open(50);
    const deaths = new Map<Stage, number>();
    for (let nth = 1; ; nth += STRIDES[stageOf(bed)]) {
      const command = [CHILD, 'take', JSON.stringify(next), String(LAYOUT_NEXT), String(nth)];
      const { status, signal, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8' });
      converse();
      if (status === 0) break;
      const stage = stageOf(bed);
      assert.equal(signal, 'SIGKILL', `${stage}, step ${nth}: ${stderr}`);
      deaths.set(stage, (deaths.get(stage) ?? 0) + 1);
      if (stage === 'not begun') openDirector({ takeOver: true }).close();
      else assert.throws(openDirector, (error) => isWeirError(error, 'takeover-elsewhere'));
      converse();
    }
    for (const stage of Object.keys(STRIDES) as Stage[]) assert.ok((deaths.get(stage) ?? 0) > 0, JSON.stringify([...deaths]));
    settledNext(bed, next);
    for (const flows of all) movedToNext(flows);
    assert.deepEqual(bed.drops(), {});
  } finally {
    bed.close();
  }
});
