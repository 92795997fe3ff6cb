// The snapshots of the drops that the timer takes, as readers find them, without a process that took part.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { Abi, Conf, DropSnapshot } from '../../src/datapath/ebpf/abi.gen.js';
import { openReader } from '../../src/datapath/ebpf/open.js';
import type { RecentDrops } from '../../src/model/drops.js';
import { BpfMap } from '../../src/sys/bpf/bpf-objects.js';
import { Records } from '../../src/sys/bpf/records.js';
import { using } from '../../src/sys/fd.js';
import { breadth, test } from '../support/breadth.js';
import { ENTRY } from '../support/netns-bed.js';
import { until } from '../support/until.js';
import type { Bed } from './bed.js';
import { skipReason } from './bed.js';
import { request, server, spec, web, withBed } from './driver-bed.js';

const skip = skipReason();

function historyOf(bed: Bed): Records {
  return using(BpfMap.pinned(`${bed.folder}/drop_history`), (map) => {
    const { valueSize, maxEntries } = map.info();
    return new Records(map.mmap(valueSize * maxEntries, true), valueSize);
  });
}

/** The moments of the snapshots, the oldest first, ns. */
const takenAt = (history: Records): readonly bigint[] =>
  Array.from({ length: history.count }, (_, record) => history.big(record, DropSnapshot.at))
    .filter((at) => at !== 0n)
    .sort((a, b) => Number(a - b));

/** The timer's next tick is one that takes a snapshot, and takes it. */
async function nextSnapshot(bed: Bed, history: Records): Promise<void> {
  const { conf } = bed.tables;
  const before = takenAt(history).at(-1) ?? 0n;
  const ticks = conf.big(0, Conf.ticks);
  const every = BigInt(Abi.SNAPSHOT_TICKS);
  conf.setBig(0, Conf.ticks, ticks - (ticks % every) + every - 1n);
  await until(() => (takenAt(history).at(-1) ?? 0n) > before);
}

/** Packets of no connection: each is counted as passed on. */
function stray(bed: Bed, count: number): void {
  for (let k = 0; k < count; k++) assert.equal(request(bed, 5000 + k, 'A').verdict, 'pass');
}

const counted = (recent: RecentDrops | undefined): Readonly<Record<string, bigint>> =>
  Object.fromEntries((recent?.counts ?? []).filter(({ count }) => count > 0n).map(({ key, count }) => [key, count]));

test('any reader finds what was dropped in the last minute, and in less, from the timer’s snapshots', { skip }, async () => {
  await withBed({}, async (bed) => {
    bed.director.addService(spec(web));
    bed.director.addDestination(web, server);
    const history = historyOf(bed);
    assert.equal(takenAt(history).length, 1, 'one is taken when the timer is started');
    stray(bed, 3);
    assert.deepEqual(counted(openReader().recentDrops()), { no_connection: 3n }, 'since loading');
    await nextSnapshot(bed, history);
    stray(bed, 2);
    const sinceLast = Number(process.hrtime.bigint() - (takenAt(history).at(-1) ?? 0n)) / 1e9;
    assert.deepEqual(counted(openReader().recentDrops(sinceLast)), { no_connection: 2n }, 'since the last one');
    const all = openReader().recentDrops();
    assert.deepEqual(counted(all), { no_connection: 5n });
    assert.ok((all?.seconds ?? 0) > sinceLast);
  });
});

test('the ring goes round, and keeps the counts of all CPUs', { skip }, async () => {
  await withBed({}, async (bed) => {
    bed.director.addService(spec(web));
    bed.director.addDestination(web, server);
    const history = historyOf(bed);
    const [first] = takenAt(history);
    stray(bed, 4);
    for (let k = 0; k < Abi.DROP_SNAPSHOTS + 1; k++) await nextSnapshot(bed, history);
    const moments = takenAt(history);
    assert.equal(moments.length, Abi.DROP_SNAPSHOTS);
    assert.ok((moments[0] ?? 0n) > (first ?? 0n), 'the first was replaced');
    assert.deepEqual(counted(openReader().recentDrops()), {}, 'what is older than the ring is not recent');
    assert.equal(
      openReader()
        .dropCounts()
        .find(({ key }) => key === 'no_connection')?.count,
      4n,
    );
  });
});

breadth('weir stats drops --recent prints them with the time that they are of', { skip }, async () => {
  await withBed({}, (bed) => {
    bed.director.addService(spec(web));
    bed.director.addDestination(web, server);
    const stats = (...words: string[]) => spawnSync(process.execPath, [ENTRY, 'stats', 'drops', ...words], { encoding: 'utf8' });
    assert.equal(stats().stdout, 'none\n');
    assert.match(stats('--recent').stdout, /^in the last \d+ s\nnone\n$/);
    stray(bed, 3);
    const { status, stdout, stderr } = stats('--recent');
    assert.deepEqual([status, stderr], [0, '']);
    assert.match(stdout, /^in the last \d+ s\n {11}3 {2}no_connection {6}TCP or SCTP without a connection[^\n]*\n$/);
    const { seconds, counts } = JSON.parse(stats('--recent', '--json').stdout) as { seconds: number; counts: Record<string, number> };
    assert.ok(seconds >= 0 && seconds < 75);
    assert.equal(counts['no_connection'], 3);
    assert.equal(counts['ttl'], 0);
  });
});

breadth('programs of a build without snapshots are read as before, and have no recent drops', { skip }, async () => {
  await withBed({}, (bed) => {
    rmSync(`${bed.folder}/drop_history`);
    const reader = openReader();
    assert.equal(reader.recentDrops(), undefined);
    assert.deepEqual(reader.services(), []);
    const { status, stdout, stderr } = spawnSync(process.execPath, [ENTRY, 'stats', 'drops', '--recent'], { encoding: 'utf8' });
    assert.deepEqual([status, stdout], [1, '']);
    assert.match(stderr, /^weir stats: [^\n]*fix: weir load[^\n]*\n$/);
  });
});
