// A batch whose writer dies: the next command takes it back, itself stopped at any store, without room, or without the journal. (Single
// changes: killed.long.test.ts. Real kill -9: driver.test.ts. Real readers: readers.long.test.ts.)
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import type { Director } from '../../src/datapath/director.js';
import { Abi, Conf, Dest } from '../../src/datapath/ebpf/abi.gen.js';
import { EbpfReader } from '../../src/datapath/ebpf/ebpf-reader.js';
import { openDirector } from '../../src/datapath/ebpf/open.js';
import { Bpffs } from '../../src/datapath/ebpf/pins/bpffs.js';
import { journalPath, readJournal, removeJournal, writeJournal } from '../../src/datapath/ebpf/recovery/journal.js';
import type { DestinationSpec } from '../../src/model/service.js';
import { ip } from '../support/ip.js';
import { inBed, openBed, skipReason } from './bed.js';
import { CLIENT, OWN, SERVERS, VIP } from './fixtures/bed-addresses.js';
import { destination, serviceKey } from './fixtures/fixture.js';
import { fromClient, tcp } from './fixtures/packets.js';
import { asNew, both, diesAt, keep, masq, one, picture, replaceAll, spec } from './killed-bed.js';
import { checkRecords } from './record-check.js';

test('stopped at any store of taking a batch back, which is then done by the next', { skip: skipReason() }, () => {
  const bed = openBed({ capacity: { maxServices: 64, maxDestinations: 64 } });
  try {
    both(bed.director);
    bed.director.setSysctl('sloppy_tcp', '1');
    const [putBack, before] = [keep(bed.tables), asNew(picture)];
    const { folder } = bed.tables;
    const change = (director: Director): void => director.atomically(() => replaceAll(director));
    let stops = 0;
    for (let nth = 10, ended = false; !ended; nth += 46) {
      putBack();
      ended = asNew((director) => diesAt(nth, () => change(director)));
      if (ended) break;
      const [killed, written] = [keep(bed.tables), readJournal(folder) ?? ''];
      for (let back = 0, whole = false; !whole; back += 6) {
        killed();
        writeJournal(folder, written);
        whole = diesAt(back, () => openDirector().close());
        assert.equal(asNew(picture), before, `stopped at store ${nth}, and taking it back at store ${back}`);
        checkRecords(bed.tables);
        stops++;
      }
      assert.equal(existsSync(journalPath(folder)), false);
    }
    assert.ok(stops > 12, `${stops} stops`);
    assert.equal(bed.tables.conf.get(0, Conf.sloppyTcp), 1);
  } finally {
    bed.close();
  }
});

test('a batch that cannot be taken back for want of room is taken back when there is room again', { skip: skipReason() }, () => {
  const bed = openBed({ capacity: { maxServices: 64, maxDestinations: 128 } });
  try {
    const { director, tables } = bed;
    for (let port = 1; port < tables.services.count; port++) director.addService(spec(serviceKey('tcp', VIP, port)));
    const before = picture(director);
    const replace = (): void => {
      director.flush();
      for (let port = 1001; port < 1000 + tables.services.count; port++) {
        director.addService(spec(serviceKey('tcp', VIP, port)));
        director.addDestination(serviceKey('tcp', VIP, port), masq(one));
      }
      director.addService(spec(serviceKey('tcp', VIP, 1001)));
    };
    // The new services' numbers are taken until their destinations' trash time is over.
    assert.throws(() => director.atomically(replace), { code: 'change-not-undone' });
    assert.throws(() => openDirector(), { code: 'table-full', errno: 'ENOSPC' });
    for (let id = 1; id < tables.dests.count; id++) tables.dests.set(id, Dest.idleSince, tables.dests.get(id, Dest.idleSince) - 10_000_000);
    assert.equal(asNew(picture), before);
    checkRecords(tables);
  } finally {
    bed.close();
  }
});

test('destinations that are put back keep the marks of what this host and its policies are to them', { skip: skipReason() }, () => {
  const bed = openBed({ capacity: { maxServices: 64, maxDestinations: 64 } });
  try {
    const { director, tables } = bed;
    both(director);
    const marks = Abi.D_LOCAL | Abi.D_POLICED | Abi.D_POLICED_BACK;
    const ids = Array.from({ length: tables.conf.get(0, Conf.destTop) }, (_, k) => k + 1);
    for (const id of ids) tables.dests.set(id, Dest.flags, tables.dests.get(id, Dest.flags) | marks);
    const seen = (): readonly number[] => ids.map((id) => tables.dests.get(id, Dest.flags));
    const before = seen();
    const fail = (): void => {
      director.flush();
      throw new Error('no more');
    };
    assert.throws(() => director.atomically(fail), /no more/);
    assert.deepEqual(seen(), before, 'by the command that failed');
    assert.equal(
      diesAt(30, () => director.atomically(() => director.flush())),
      false,
    );
    assert.notDeepEqual(seen(), before);
    new EbpfReader(tables, Bpffs.ensure().lockPath()).services();
    assert.deepEqual(seen(), before, 'by a reader');
  } finally {
    bed.close();
  }
});

test('a batch whose journal is gone: reported once, and the table is consistent', { skip: skipReason() }, () => {
  const bed = openBed({ capacity: { maxServices: 64, maxDestinations: 64 } });
  try {
    both(bed.director);
    const { folder } = bed.tables;
    for (const spoil of [() => removeJournal(folder), () => writeJournal(folder, '{"for'), () => writeJournal(folder, '{"format":0}')]) {
      bed.director.atomically(() => bed.director.flush());
      both(bed.director);
      diesAt(60, () => bed.director.atomically(() => replaceAll(bed.director)));
      spoil();
      assert.throws(() => openDirector(), /^WeirError: a command that changes all or nothing was killed[^\n]*journal[^\n]*$/);
      asNew(picture);
      checkRecords(bed.tables);
    }
  } finally {
    bed.close();
  }
});

test('a batch that made a destination one by FULLNAT, or ended that, is taken back under connections', { skip: skipReason() }, async () => {
  await inBed((bed) => {
    const key = serviceKey('tcp', VIP, 80);
    const plain = destination(`${SERVERS[0]}:8080`, 'masq');
    const local: DestinationSpec = { ...plain, method: 'fullnat', localAddresses: [ip(OWN.back)] };
    const { director } = bed;
    director.addService(spec(key));
    director.addDestination(key, plain);
    for (const [port, before, after] of [
      [40000, plain, local],
      [40001, local, plain],
    ] as const) {
      director.deleteDestination(key, before);
      director.addDestination(key, before);
      const replaced = (): void =>
        director.atomically(() => {
          director.editDestination(key, after);
          const { verdict } = bed.send('ingress', 'front', fromClient(tcp({ from: `${CLIENT}:${port}`, to: `${VIP}:80` }, 'S')));
          assert.equal(verdict, 'redirect');
          throw new Error('enough');
        });
      assert.throws(replaced, /^Error: enough$/);
      assert.deepEqual(
        director.services().flatMap(({ destinations }) => destinations.map((entry) => entry.spec.method)),
        [before.method],
      );
    }
  });
});
