// Other sizes for empty tables, which are loaded again: killed or refused anywhere, they lose nothing that was set before.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { Conf } from '../../src/datapath/ebpf/abi.gen.js';
import type { DatapathChange } from '../../src/datapath/ebpf/load/datapath-change.js';
import { unloadDatapath } from '../../src/datapath/ebpf/load/unload.js';
import { openDirector } from '../../src/datapath/ebpf/open.js';
import { SETTINGS_PIN, Tables } from '../../src/datapath/ebpf/table/tables.js';
import { isWeirError } from '../../src/model/errors/weir-error.js';
import { ObjectFile } from '../../src/sys/bpf/bpf-objects.js';
import { type Other, withReplaced } from '../support/replaced.js';
import { type Bed, openBed, skipReason } from './bed.js';

const skip = skipReason();

const SMALL = { connTabBits: 12, maxServices: 64, maxDestinations: 64, connBuckets: 512 };
const LARGE = { ...SMALL, maxServices: 128, connBuckets: 1024 };
const TIMEOUTS = { tcp: 1000, tcpFin: 100, udp: 200 };
const KEY = 'expire_nodest_conn';
const BY_TC = 1;

function set(bed: Bed): void {
  openDirector({ attach: 'tc' }).close();
  bed.director.setTimeouts(TIMEOUTS);
  bed.director.setSysctl(KEY, '1');
}

/** What the tables have that are pinned now. */
function found(bed: Bed): readonly unknown[] {
  const { conf } = new Tables(bed.folder);
  const director = openDirector();
  try {
    const sizes = [Conf.maxServices, Conf.connBuckets].map((field) => conf.get(0, field));
    return [sizes, director.timeouts(), director.sysctls().get(KEY), conf.get(0, Conf.attachMode)];
  } finally {
    director.close();
  }
}

const withSizes = ({ maxServices, connBuckets }: typeof SMALL) => [[maxServices, connBuckets], TIMEOUTS, '1', BY_TC];

/** The change of size, killed before its nth step. False: it had not so many. */
function killed(nth: number): boolean {
  const script = fileURLToPath(new URL('./resize-child.js', import.meta.url));
  const { signal, status, stderr } = spawnSync(process.execPath, [script, JSON.stringify(LARGE), String(nth)], { encoding: 'utf8' });
  assert.ok(signal === 'SIGKILL' || status === 0, stderr);
  return signal === 'SIGKILL';
}

/** Every such step: a load has about a hundred. */
const STRIDE = 13;

test('killed at any step: the next command finds what was set, and the sizes before or after', { skip }, () => {
  const bed = openBed({ capacity: SMALL });
  try {
    set(bed);
    const seen = new Set<string>();
    let nth = 1;
    for (let done = false; !done && killed(nth); nth += STRIDE) {
      const loads: DatapathChange[] = [];
      openDirector({ report: (change) => loads.push(change) }).close();
      const now = found(bed);
      // What comes later attaches interfaces.
      done = isDeepStrictEqual(now, withSizes(LARGE));
      if (!done) assert.deepEqual(now, withSizes(SMALL), `step ${nth}`);
      seen.add(done ? 'done' : loads.some(({ kind }) => kind === 'loaded') ? 'loaded again' : 'never gone');
    }
    assert.ok(nth > 4 * STRIDE, `${nth} steps`);
    assert.ok(seen.has('loaded again') && seen.has('never gone'), [...seen].join());
    openDirector({ capacity: LARGE }).close();
    assert.deepEqual(found(bed), withSizes(LARGE));
    assert.ok(!existsSync(`${bed.folder}/${SETTINGS_PIN}`));
  } finally {
    bed.close();
  }
});

test('sizes for which there is no memory: the tables are as they were', { skip }, () => {
  const bed = openBed({ capacity: SMALL });
  try {
    set(bed);
    const tooLarge = { capacity: { connBuckets: 2 ** 31 } };
    assert.throws(() => openDirector(tooLarge), { code: 'bpf-table-refused' });
    const { conf } = new Tables(bed.folder);
    assert.deepEqual(
      [conf.get(0, Conf.connBuckets), conf.get(0, Conf.attachMode)],
      [SMALL.connBuckets, BY_TC],
      'no other command was needed',
    );
    assert.deepEqual(found(bed), withSizes(SMALL));
    assert.ok(!existsSync(`${bed.folder}/${SETTINGS_PIN}`));
  } finally {
    bed.close();
  }
});

test('neither those sizes nor those of before can be loaded: the first failure is reported, and the next command loads them', {
  skip,
}, () => {
  const bed = openBed({ capacity: SMALL });
  try {
    set(bed);
    let loads = 0;
    // The wanted sizes fail before that, at the first large table.
    const refused: Other<ObjectFile, 'load'> = () => {
      loads += 1;
      throw new Error('refused again');
    };
    const tooLarge = { capacity: { connBuckets: 2 ** 31 } };
    withReplaced(ObjectFile.prototype, 'load', refused, () =>
      assert.throws(
        () => openDirector(tooLarge),
        (error) => {
          assert.ok(isWeirError(error, 'tables-not-reloaded'), String(error));
          assert.match(error.message, /^(there is no memory|the kernel refuses the table as too large).*; then .*\(refused again\)/);
          return true;
        },
      ),
    );
    assert.equal(loads, 1);
    openDirector().close();
    assert.deepEqual(found(bed), withSizes(SMALL));
  } finally {
    bed.close();
  }
});

test('what was set ends with the tables, also where a killed load has left it pinned', { skip }, () => {
  const bed = openBed({ capacity: SMALL });
  try {
    set(bed);
    for (let nth = 1; !existsSync(`${bed.folder}/${SETTINGS_PIN}`); nth += STRIDE) assert.ok(killed(nth));
    unloadDatapath();
    openDirector({ capacity: SMALL }).close();
    const [sizes, timeouts, value, attach] = found(bed);
    assert.deepEqual([sizes, value, attach], [[SMALL.maxServices, SMALL.connBuckets], '0', 0]);
    assert.notDeepEqual(timeouts, TIMEOUTS);
  } finally {
    bed.close();
  }
});
