// Readers beside writers: one that is stopped, one that died, and storms of changes.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import type { EbpfReader } from '../../src/datapath/ebpf/ebpf-reader.js';
import { openDirector, openReader } from '../../src/datapath/ebpf/open.js';
import { isRefusal, isWeirError } from '../../src/model/errors/weir-error.js';
import type { Clock } from '../../src/sys/clock.js';
import { openFds } from '../../src/sys/fd.js';
import { ENTRY } from '../support/netns-bed.js';
import { type Bed, openBed, skipReason } from './bed.js';
import { ended, ready, start, stoppedOrEnded } from './driver-bed.js';
import { SHARED } from './driver-child.js';
import { destination } from './fixtures/fixture.js';
import { checkRecords } from './record-check.js';
import { neverWas } from './rotation.js';
import { UnlockedReader } from './unlocked-reader.js';

const skip = skipReason();
const isBusy = (error: unknown): boolean => isWeirError(error, 'lock-busy');
const first = destination('10.0.2.11:80', 'masq', 1);

/** A bed with one service of one destination. Children that the test leaves are killed. */
async function withTable(
  context: TestContext,
  work: (bed: Bed, begin: (child: ChildProcess) => ChildProcess) => Promise<void>,
): Promise<void> {
  const bed = openBed({ capacity: { maxDestinations: 4096 } });
  const children: ChildProcess[] = [];
  // First the children: one that lives on pins its journal where the bed's pins were just removed.
  context.after(async () => {
    for (const child of children) child.kill('SIGKILL');
    await Promise.all(children.map(ended));
    bed.close();
  });
  bed.director.addService({ key: SHARED, scheduler: 'rr', schedFlags: 0, onePacket: false });
  bed.director.addDestination(SHARED, first);
  await work(bed, (child) => {
    children.push(child);
    return child;
  });
}

const weir = (...words: string[]) => spawnSync(process.execPath, [ENTRY, ...words], { encoding: 'utf8' });
const servers = (reader: EbpfReader): readonly number[] => reader.service(SHARED).destinations.map(({ spec }) => spec.weight);

/** A clock on which waiting takes no time. */
function hurried(): Clock {
  let at = 0;
  return {
    now: () => at,
    sleep: (ms) => {
      at += ms;
    },
  };
}

/** A writer that stopped itself after so many stores, or ended before. */
async function halted(begin: (child: ChildProcess) => ChildProcess, stores: number, batch = false): Promise<ChildProcess> {
  const child = begin(start({ kind: 'halt', stores, batch }));
  await ready(child);
  await stoppedOrEnded(child);
  return child;
}

test('a stopped writer: listings answer, a second writer reports who it waits for, and gives up', { skip }, async (context) => {
  await withTable(context, async (_, begin) => {
    const holder = await halted(begin, 0);
    const held = new RegExp(
      `held by process ${holder.pid} \\(.*driver-child\\.js.*\\), which is stopped \\(kill -CONT ${holder.pid} continues it\\)`,
    );
    for (const [words, line] of [
      [['ipvsadm', '-Ln'], /-> 10\.0\.2\.11:80/],
      [['ipvsadm', '-Ln', '--stats'], /-> 10\.0\.2\.11:80/],
      [['ipvsadm', '-Lnc'], /^IPVS connection entries\n/],
      [['ipvsadm', '-L', '--timeout'], /^Timeout \(tcp tcpfin udp\): 900 120 300\n$/],
      [['ipvsadm-save', '-n'], /-r 10\.0\.2\.11:80 -m -w 1\n$/],
      [['proc', 'ip_vs'], /\n {2}-> 0A00020B:0050 /],
      [['stats', 'drops', '--json'], /^\{"short":0,/],
      [['sysctl', 'net.ipv4.vs.sloppy_tcp'], /^net\.ipv4\.vs\.sloppy_tcp = 0\n$/],
    ] as const) {
      const { status, stdout, stderr } = weir(...words);
      assert.deepEqual({ status, stderr }, { status: 0, stderr: '' }, words.join(' '));
      assert.match(stdout, line);
    }
    assert.throws(
      () => openDirector({ waitMs: 50 }),
      (error) =>
        isWeirError(error, 'lock-busy') &&
        error.details.holder === holder.pid &&
        held.test(error.message) &&
        error.message.endsWith('; gave up after 0.05 s'),
    );
    const second = begin(spawn(process.execPath, [ENTRY, 'ipvsadm', '-C'], { stdio: ['ignore', 'ignore', 'pipe'] }));
    const [lines] = (await new Promise((done) => second.stderr?.once('data', (text: Buffer) => done([String(text)])))) as [string];
    assert.match(lines, new RegExp(`^weir: /.*/lock/\\d+: ${held.source}; waiting for up to 30 s\\n$`));
    holder.kill('SIGCONT');
    assert.deepEqual([await ended(holder), await ended(second)], [0, 0]);
    assert.deepEqual(openReader().services(), []);
  });
});

test('a reader attaches to new interfaces only if the lock is free', { skip }, async (context) => {
  await withTable(context, async (bed, begin) => {
    const pins = (): number => readdirSync(bed.folder).filter((name) => /^(link|clsact)_/.test(name)).length;
    const holder = await halted(begin, 0);
    assert.equal(spawnSync('ip', ['link', 'add', 'late0', 'type', 'veth', 'peer', 'name', 'late1']).status, 0);
    const before = pins();
    openReader().close();
    assert.equal(pins(), before);
    holder.kill('SIGKILL');
    await ended(holder);
    openReader().close();
    assert.equal(pins(), before + 4);
  });
});

test('stopped in the middle of a change: it is shown made or not made; a batch as far as it got; a saved table waits', {
  skip,
}, async (context) => {
  await withTable(context, async (bed, begin) => {
    const shown = new Set<string>();
    for (let stores = 1; ; stores++) {
      const holder = await halted(begin, stores);
      if (holder.exitCode !== null) break;
      const lines: string[] = [];
      const weights = servers(openReader({ clock: hurried(), onWait: (text) => lines.push(text) }));
      shown.add(String(weights));
      assert.match(
        lines.join('\n'),
        new RegExp(`^\\S+: held by process ${holder.pid} [^\\n]*; its change is not finished: what follows is[^\\n]*$`),
      );
      assert.throws(() => servers(openReader({ whole: true, waitMs: 100 })), isBusy);
      holder.kill('SIGKILL');
      await ended(holder);
      assert.deepEqual(servers(openReader()), weights, `what the repair made of it after ${stores} stores`);
      checkRecords(bed.tables);
      if (weights.length > 1) bed.director.deleteDestination(SHARED, destination('10.0.9.9:80', 'masq'));
    }
    bed.director.deleteDestination(SHARED, destination('10.0.9.9:80', 'masq'));
    assert.deepEqual([...shown].sort(), ['1', '9,1']);
    const batch = await halted(begin, 40, true);
    const lines: string[] = [];
    const entries = openReader({ clock: hurried(), onWait: (text) => lines.push(text) }).services();
    assert.equal(lines.length, 1);
    assert.ok(
      entries.every(({ destinations }) => destinations.every(({ spec }) => spec.weight === 9)),
      'the old ones are gone',
    );
    assert.throws(() => openReader({ whole: true, waitMs: 100 }).services(), isBusy);
    batch.kill('SIGKILL');
    await ended(batch);
    assert.deepEqual(servers(openReader()), [1], 'taken back');
    checkRecords(bed.tables);
  });
});

test('in storms of changes each listing is a state that the table had', { skip }, async (context) => {
  await withTable(context, async (bed, begin) => {
    const writer = begin(start({ kind: 'rotate' }));
    await ready(writer);
    const others = [begin(start({ kind: 'churn', seed: 5 })), begin(start({ kind: 'churn', seed: 6 }))];
    await Promise.all(others.map(ready));
    const lines: string[] = [];
    const reader = openReader({ onWait: (text) => lines.push(text) });
    const distinct = new Set<string>();
    const until = performance.now() + 240_000;
    for (let listing = 0; listing < 150 || distinct.size < 20; listing++) {
      assert.ok(performance.now() < until, `${distinct.size} states in ${listing} listings`);
      const known = lines.length;
      const entries = reader.services();
      // A writer that gets no time on a busy machine may keep the lock for long: then it is reported.
      if (lines.length > known) continue;
      assert.deepEqual(neverWas(entries), []);
      distinct.add(JSON.stringify(entries.map(({ spec, destinations }) => [spec, destinations.map((entry) => entry.spec)])));
    }
    assert.ok(lines.length < 30, lines.join('\n'));
    for (const child of [writer, ...others]) {
      child.kill('SIGKILL');
      await ended(child);
    }
    assert.deepEqual(neverWas(openReader().services()), [], 'after the repair');
    checkRecords(bed.tables);
  });
});

test('without any lock at all, records are whole', { skip }, async (context) => {
  await withTable(context, async (bed, begin) => {
    const writer = begin(start({ kind: 'rotate' }));
    await ready(writer);
    const reader = new UnlockedReader(bed.tables);
    for (let listing = 0; listing < 1000; listing++) {
      for (const { spec: service, destinations } of reader.services()) {
        if (service.scheduler !== 'wrr') continue; // not of the rotation
        const addresses = destinations.map(({ spec }) => spec.address.words[0]);
        assert.equal(new Set(addresses).size, addresses.length, 'none is shown twice');
        for (const { spec } of destinations)
          assert.equal(spec.method, spec.weight % 2 === 0 ? 'masq' : 'route', 'no edit is shown by half');
      }
    }
  });
});

test('readers leave nothing open', { skip }, async (context) => {
  await withTable(context, async (_, begin) => {
    const before = openFds();
    openReader().close();
    const holder = await halted(begin, 0);
    openReader().services();
    [...openReader().connections()];
    assert.throws(
      () => openReader({ load: false, waitMs: 0 }).service({ ...SHARED, port: 1 } as typeof SHARED),
      (error) => isRefusal(error, 'ESRCH'),
    );
    holder.kill('SIGKILL');
    await ended(holder);
    const dead = await halted(begin, 9);
    assert.throws(() => openReader({ whole: true, waitMs: 0 }).services(), isBusy);
    dead.kill('SIGKILL');
    await ended(dead);
    openReader().services();
    assert.deepEqual(openFds(), before);
  });
});
