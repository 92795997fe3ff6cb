// The driver among processes: commands that are killed, commands at the same time, and what stays in the table.
// (Killed between any two stores: killed.test.ts. On interfaces: attach.test.ts.)
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Refusal } from '../../src/datapath/director.js';
import { Conf, Dest } from '../../src/datapath/ebpf/abi.gen.js';
import { isLoaded } from '../../src/datapath/ebpf/load.js';
import { openDirector } from '../../src/datapath/ebpf/open.js';
import { unloadDatapath } from '../../src/datapath/ebpf/unload.js';
import { native } from '../../src/sys/addon.js';
import { Bpffs } from '../../src/sys/bpffs.js';
import { type Bed, openBed, skipReason } from './bed.js';
import { type Orders, SHARED, VIP } from './driver-child.js';
import { CLIENT } from './fixtures/bed-addresses.js';
import { destination, serviceKey } from './fixtures/fixture.js';
import { fromClient, fromServer, tcp } from './fixtures/packets.js';
import { checkRecords } from './record-check.js';
import { checkTable } from './table-check.js';

const skip = skipReason();
const web = serviceKey('tcp', VIP, 80);
const server = destination('10.0.2.11:80', 'masq');
const spec = (key: typeof web) => ({ key, scheduler: 'rr', schedFlags: 0, onePacket: false });

/** This process is in the bed's namespace, and so are its children. */
function start(orders: Orders): ChildProcess {
  const script = fileURLToPath(new URL('./driver-child.js', import.meta.url));
  return spawn(process.execPath, [script, JSON.stringify(orders)], { stdio: ['ignore', 'pipe', 'inherit'] });
}

async function ended(child: ChildProcess): Promise<number | NodeJS.Signals> {
  const [code, signal] =
    child.exitCode === null && child.signalCode === null ? await once(child, 'exit') : [child.exitCode, child.signalCode];
  return code ?? signal;
}

/** It has said so; @throws Error when it ends first */
function ready(child: ChildProcess): Promise<void> {
  return new Promise((done, fail) => {
    child.stdout?.once('data', () => done());
    child.once('exit', (code) => fail(new Error(`ended with ${code} before it was ready`)));
  });
}

async function said(child: ChildProcess): Promise<string> {
  let text = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    text += chunk;
  });
  assert.equal(await ended(child), 0);
  return text;
}

async function withBed(
  capacity: { readonly maxServices?: number; readonly maxDestinations?: number },
  work: (bed: Bed) => unknown,
): Promise<void> {
  const bed = openBed({ capacity });
  try {
    await work(bed);
  } finally {
    bed.close();
  }
}

const ends = (port: number) => ({ from: `${CLIENT}:${port}`, to: `${VIP}:80` });
const request = (bed: Bed, port: number, letters: string) => bed.send('ingress', 'front', fromClient(tcp(ends(port), letters)));
const reply = (bed: Bed, port: number, letters: string) =>
  bed.send('ingress', 'back', fromServer(tcp({ from: '10.0.2.11:80', to: `${CLIENT}:${port}` }, letters)));

/** An established connection through `web`. */
function connect(bed: Bed, port: number): void {
  for (const [side, letters] of [
    [request, 'S'],
    [reply, 'SA'],
    [request, 'A'],
  ] as const)
    assert.equal(side(bed, port, letters).verdict, 'redirect');
}

test('kill -9 of a writing command, 60 times: the next one finds a whole table, and traffic never stops', { skip }, async () => {
  await withBed({}, async (bed) => {
    bed.director.addService(spec(web));
    bed.director.addDestination(web, server);
    connect(bed, 5000);
    // One command that was open all the time must see to what a dead one left, too.
    const longLived = openDirector();
    for (let round = 0; round < 60; round++) {
      const child = start({ kind: 'churn', seed: round });
      await ready(child);
      // from no change at all to some thousand
      await new Promise((done) => setTimeout(done, (round * 7) % 45));
      child.kill('SIGKILL');
      assert.equal(await ended(child), 'SIGKILL');
      if (round % 2 === 0) openDirector().services();
      else longLived.services();
      checkRecords(bed.tables);
      assert.equal(request(bed, 5000, 'A').verdict, 'redirect', 'the old connection goes on');
      assert.equal(request(bed, 6000 + round, 'S').verdict, 'redirect', 'a new one is taken');
    }
    longLived.close();
    const { inPackets, conns } = bed.totals();
    assert.deepEqual({ inPackets, conns }, { inPackets: 2 + 60 * 2, conns: 61 });
    checkTable(bed);
  });
});

test('kill -9 during the first load: the next command loads anew', { skip }, async () => {
  await withBed({}, async () => {
    unloadDatapath();
    const began = performance.now();
    assert.equal(await ended(start({ kind: 'load' })), 0);
    const whole = performance.now() - began;
    let unfinished = 0;
    for (let round = 1; round <= 6; round++) {
      unloadDatapath();
      const child = start({ kind: 'load' });
      await new Promise((done) => setTimeout(done, (whole * round) / 7));
      child.kill('SIGKILL');
      await ended(child);
      if (!isLoaded(Bpffs.ensure().folder())) unfinished++;
      const director = openDirector();
      director.addService(spec(web));
      checkRecords(director.tables);
      const { conf } = director.tables;
      const ticks = conf.big(0, Conf.ticks);
      await untilTrue(() => conf.big(0, Conf.ticks) > ticks);
      director.close();
    }
    assert.ok(unfinished > 0, 'some were killed before they had ended');
  });
});

test('kill -9 of weir unload: the rest goes with the next one, and a command in between loads anew', { skip }, async () => {
  await withBed({}, async () => {
    for (let round = 0; round < 6; round++) {
      const child = start({ kind: 'unload' });
      await ready(child);
      await new Promise((done) => setTimeout(done, round * 4));
      child.kill('SIGKILL');
      await ended(child);
      if (round % 2 === 0) unloadDatapath();
      const director = openDirector();
      if (round % 2 === 0) director.addService(spec(web));
      checkRecords(director.tables);
      director.close();
    }
    unloadDatapath();
    assert.ok(!Bpffs.ensure().cookies().includes(native().netnsCookie()));
    assert.throws(() => native().ifNameToIndex('weir0'), { code: 'ENODEV' });
    openDirector().close(); // for the bed to take down
  });
});

async function untilTrue(condition: () => boolean): Promise<void> {
  const until = performance.now() + 30_000;
  while (!condition()) {
    assert.ok(performance.now() < until, 'it never came to be');
    await new Promise((done) => setTimeout(done, 20));
  }
}

test('two writers and a reader at once: nothing is lost, every listing is whole', { skip }, async () => {
  await withBed({}, async (bed) => {
    bed.director.addService(spec(SHARED));
    const reader = said(start({ kind: 'list', until: 400 }));
    const writers = [3, 4].map((network) => start({ kind: 'add', network, count: 200 }));
    assert.deepEqual(await Promise.all(writers.map(ended)), [0, 0]);
    const seen = JSON.parse(await reader) as number[];
    assert.deepEqual(
      seen,
      [...seen].sort((a, b) => a - b),
      'a listing never shows less than the one before',
    );
    const order = bed.director.service(SHARED).destinations.map((entry) => (entry.spec.address.words[0] ?? 0) & 0xffff);
    for (const network of [3, 4]) {
      const own = order.filter((address) => address >> 8 === network).map((address) => address & 0xff);
      assert.deepEqual(
        own,
        Array.from({ length: 200 }, (_, k) => 200 - k),
        `all of writer ${network}, the newest first`,
      );
    }
    checkRecords(bed.tables);
  });
});

test('a destination that comes back brings its connections and counters', { skip }, async () => {
  await withBed({}, (bed) => {
    bed.director.addService(spec(web));
    bed.director.addDestination(web, server);
    connect(bed, 5000);
    const before = bed.totals();
    bed.director.deleteDestination(web, server);
    assert.equal(request(bed, 5000, 'A').verdict, 'drop', 'while it is away its connections wait');
    bed.director.addDestination(web, server);
    assert.equal(request(bed, 5000, 'A').verdict, 'redirect');
    assert.equal(reply(bed, 5000, 'A').verdict, 'redirect');
    const after = bed.totals();
    assert.deepEqual([after.conns, after.inPackets, after.outPackets], [before.conns, before.inPackets + 1, before.outPackets + 1]);
    assert.equal(bed.director.service(web).destinations[0]?.active, 1);
    checkRecords(bed.tables);
  });
});

test('a service that comes back takes up its connections', { skip }, async () => {
  await withBed({}, (bed) => {
    bed.director.addService(spec(web));
    bed.director.addDestination(web, server);
    connect(bed, 5000);
    bed.director.deleteService(web);
    assert.notEqual(request(bed, 5000, 'A').verdict, 'redirect');
    bed.director.addService(spec(web));
    assert.notEqual(request(bed, 5000, 'A').verdict, 'redirect', 'not before its destination is there too');
    bed.director.addDestination(web, server);
    assert.equal(request(bed, 5000, 'A').verdict, 'redirect');
    assert.equal(bed.director.service(web).destinations[0]?.active, 1);
    checkRecords(bed.tables);
  });
});

test('a command that begins with something else knows the destinations that others added or removed', { skip }, async () => {
  await withBed({}, (bed) => {
    bed.director.addService(spec(web));
    bed.director.addDestination(web, server);
    connect(bed, 5000);
    const second = openDirector();
    second.addService(spec(serviceKey('tcp', VIP, 81)));
    assert.throws(
      () => second.addDestination(web, server),
      (error) => error instanceof Refusal && error.code === 'EEXIST',
    );
    second.editDestination(web, { ...server, weight: 7 });
    second.flush();
    second.close();
    // as ipvsadm-restore: the service first, which asks for no destination
    const third = openDirector();
    third.addService(spec(web));
    third.addDestination(web, server);
    assert.equal(third.service(web).destinations[0]?.active, 1);
    third.close();
    assert.equal(request(bed, 5000, 'A').verdict, 'redirect', 'the connection goes on');
    checkRecords(bed.tables);
  });
});

test('numbers are used again only after the trash time, and never while a connection names them', { skip }, async () => {
  await withBed({ maxDestinations: 64, maxServices: 64 }, (bed) => {
    const { director, tables } = bed;
    const nth = (k: number) => destination(`10.0.2.${k}:80`, 'masq');
    const full = (error: unknown): boolean => error instanceof Refusal && error.code === 'ENOSPC' && !error.message.includes('\n');
    director.addService(spec(web));
    for (let k = 1; k <= 62; k++) director.addDestination(web, { ...nth(100 + k), weight: 0 });
    director.addDestination(web, server);
    assert.throws(() => director.addDestination(web, nth(99)), full);
    connect(bed, 5000);
    director.deleteDestination(web, server);
    director.deleteDestination(web, nth(101));
    assert.throws(() => director.addDestination(web, nth(99)), full, 'packets for it may still be on their way');
    for (let id = 1; id < tables.dests.count; id++) tables.dests.set(id, Dest.idleSince, tables.dests.get(id, Dest.idleSince) - 1_000_000);
    director.addDestination(web, nth(99));
    assert.throws(() => director.addDestination(web, nth(98)), full, 'the other one still has a connection');
    director.deleteDestination(web, nth(99));
    director.addDestination(web, server);
    assert.equal(request(bed, 5000, 'A').verdict, 'redirect');
    checkRecords(tables);
    for (let k = 1; k <= 62; k++) director.addService(spec(serviceKey('udp', VIP, k)));
    assert.throws(() => director.addService(spec(serviceKey('udp', VIP, 63))), full);
    director.deleteService(serviceKey('udp', VIP, 1));
    director.addService(spec(serviceKey('udp', VIP, 63)));
    checkRecords(tables);
  });
});

test('who had the table open when it was unloaded does not write on', { skip }, async () => {
  await withBed({}, (bed) => {
    const open = openDirector();
    unloadDatapath();
    assert.throws(() => open.addService(spec(web)), /^Error: weir: the datapath was unloaded meanwhile[^\n]*$/);
    assert.throws(() => open.services(), /unloaded meanwhile/);
    assert.throws(() => open.atomically(() => open.flush()), /unloaded meanwhile/);
    assert.deepEqual(openDirector().services(), []);
    assert.notEqual(bed.name, '');
  });
});
