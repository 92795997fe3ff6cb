// The driver among processes: commands at the same time, and what stays in the table.
// (Killed at any time: driver-kills.ts; between any two stores: killed-batches.long.test.ts. On interfaces: attach.long.test.ts.)

import assert from 'node:assert/strict';
import { Conf, Dest, Endpoint } from '../../src/datapath/ebpf/abi.gen.js';
import { unloadDatapath } from '../../src/datapath/ebpf/load/unload.js';
import { openDirector } from '../../src/datapath/ebpf/open.js';
import { unitsOf } from '../../src/datapath/ebpf/table/clock.js';
import { isRefusal } from '../../src/model/errors/weir-error.js';
import { breadth, test } from '../support/breadth.js';
import { skipReason } from './bed.js';
import { connect, ended, output, reply, request, server, spec, start, web, withBed } from './driver-bed.js';
import { SHARED, VIP } from './driver-child.js';
import { destination, serviceKey } from './fixtures/fixture.js';
import { checkRecords } from './record-check.js';

const skip = skipReason();

test('two writers and a reader at the same time: nothing is lost, every listing is whole', { skip }, async () => {
  await withBed({}, async (bed) => {
    bed.director.addService(spec(SHARED));
    const reader = output(start({ kind: 'list', until: 400 }));
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

breadth('in a small table each of 32 services may be by mh, after any others', { skip }, async () => {
  await withBed({}, (bed) => {
    const keys = Array.from({ length: 32 }, (_, k) => serviceKey('tcp', VIP, 1000 + k));
    keys.forEach((key, k) => {
      bed.director.addService({ ...spec(key), scheduler: ['sh', 'mh', 'dh'][k % 3] ?? 'rr' });
    });
    for (const key of keys) bed.director.editService({ ...spec(key), scheduler: 'mh' });
    for (const key of keys) bed.director.addDestination(key, destination('10.0.2.11:80', 'masq'));
    checkRecords(bed.tables);
    const more = serviceKey('tcp', VIP, 2000);
    assert.throws(() => bed.director.addService({ ...spec(more), scheduler: 'dh' }), { code: 'table-full' });
    bed.director.addService(spec(more));
    checkRecords(bed.tables);
  });
});

test('a service that comes back takes up its connections', { skip }, async () => {
  await withBed({}, (bed) => {
    bed.director.addService(spec(web));
    bed.director.addDestination(web, server);
    connect(bed, 5000);
    bed.director.deleteService(web);
    assert.equal(request(bed, 5000, 'A').verdict, 'drop', "it was the last one, and its connections are not the stack's to reset");
    assert.equal(request(bed, 5001, 'S').verdict, 'pass', 'there is nothing to balance a new one');
    bed.director.addService(spec(web));
    assert.equal(request(bed, 5000, 'A').verdict, 'drop', 'not before its destination is there too');
    bed.director.addDestination(web, server);
    assert.equal(request(bed, 5000, 'A').verdict, 'redirect');
    assert.equal(bed.director.service(web).destinations[0]?.active, 1);
    checkRecords(bed.tables);
  });
});

test('an edit that is refused for want of room changes nothing', { skip }, async () => {
  await withBed({}, (bed) => {
    const { director, tables } = bed;
    const direct = { ...server, method: 'route', weight: 3 } as const;
    director.addService(spec(web));
    director.addDestination(web, direct);
    const before = [tables.services, tables.dests].map(({ memory }) => Buffer.from(memory.slice(0)));
    const endpoints = new Uint8Array(tables.endpoints.memory);
    const held = endpoints.slice();
    for (let slot = 0; slot < tables.endpoints.count; slot++) {
      if (tables.endpoints.big(slot, Endpoint.key) === 0n) tables.endpoints.setBig(slot, Endpoint.key, 2n);
    }
    assert.throws(
      () => director.editDestination(web, { ...server, weight: 9 }),
      (error) => isRefusal(error, 'ENOSPC'),
    );
    endpoints.set(held);
    assert.deepEqual(director.service(web).destinations[0]?.spec, direct);
    for (const [k, { memory }] of [tables.services, tables.dests].entries()) assert.ok(before[k]?.equals(Buffer.from(memory)));
    checkRecords(tables);
    director.editDestination(web, { ...server, weight: 9 });
    connect(bed, 5000);
  });
});

breadth('a command that begins with something else knows the destinations that others added or removed', { skip }, async () => {
  await withBed({}, (bed) => {
    bed.director.addService(spec(web));
    bed.director.addDestination(web, server);
    connect(bed, 5000);
    const second = openDirector();
    second.addService(spec(serviceKey('tcp', VIP, 81)));
    assert.throws(
      () => second.addDestination(web, server),
      (error) => isRefusal(error, 'EEXIST'),
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
    const full = (error: unknown): boolean => isRefusal(error, 'ENOSPC') && !error.message.includes('\n');
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

test('where removed ones fill the table, those without connections make room after half a minute', { skip }, async () => {
  await withBed({ maxDestinations: 64, maxServices: 64 }, (bed) => {
    const { director, tables } = bed;
    const { dests, conf } = tables;
    const round = (k: number) => Array.from({ length: 10 }, (_, at) => serviceKey('udp', VIP, 1 + 10 * k + at));
    const add = (k: number): void => {
      for (const key of round(k)) {
        director.addService(spec(key));
        for (const at of [11, 12]) director.addDestination(key, destination(`10.0.2.${at}:80`, 'masq'));
      }
    };
    const remove = (k: number): void => {
      for (const key of round(k)) director.deleteService(key);
    };
    const passed = (seconds: number): void => {
      for (let id = 1; id < dests.count; id++)
        dests.set(id, Dest.idleSince, dests.get(id, Dest.idleSince) - unitsOf(seconds, conf.get(0, Conf.hz)));
    };
    for (const k of [0, 1, 2]) {
      add(k);
      remove(k);
    }
    assert.throws(() => add(3), { code: 'table-full' }, 'packets for them may still be on their way');
    for (const { spec: own } of director.services()) director.deleteService(own.key);
    passed(31);
    for (let k = 4; k < 20; k++) {
      add(k);
      checkRecords(tables);
      remove(k);
      if (k % 2 === 1) passed(31);
    }
  });
});

breadth('who had the table open when it was unloaded does not write on', { skip }, async () => {
  await withBed({}, (bed) => {
    const open = openDirector();
    unloadDatapath();
    assert.throws(() => open.addService(spec(web)), /^WeirError: the datapath was unloaded meanwhile[^\n]*$/);
    assert.throws(() => open.services(), /unloaded meanwhile/);
    assert.throws(() => open.atomically(() => open.flush()), /unloaded meanwhile/);
    assert.deepEqual(openDirector().services(), []);
    assert.notEqual(bed.name, '');
  });
});
