// A process that many wait for does not wait for a change of the table: it answers with the table before it, for a bounded time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Conf } from '../../src/datapath/ebpf/abi.gen.js';
import { ObservingReader } from '../../src/datapath/ebpf/observe/observing-reader.js';
import { Dirty } from '../../src/datapath/ebpf/recovery/batch.js';
import { isWeirError } from '../../src/model/errors/weir-error.js';
import type { PageAsked } from '../../src/model/service-page.js';
import { openBed, skipReason } from './bed.js';
import { VIP } from './fixtures/bed-addresses.js';
import { serviceKey } from './fixtures/fixture.js';
import { masq, one, spec, two } from './killed-bed.js';

const [web, other] = [serviceKey('tcp', VIP, 80), serviceKey('tcp', VIP, 81)];

test('beside a change that is not finished', { skip: skipReason() }, () => {
  const bed = openBed();
  try {
    const { director, tables } = bed;
    const { conf } = tables;
    director.addService(spec(web));
    director.addService(spec(other));
    director.addDestination(web, masq(one));
    let [nowMs, sleptMs] = [0, 0];
    const clock = {
      now: () => nowMs,
      sleep(ms: number) {
        nowMs += ms;
        sleptMs += ms;
      },
    };
    const reader = new ObservingReader(tables, '/nonexistent', { clock, waitMs: 0, keptMs: 2000 });
    const keysOf = (of: ObservingReader): readonly number[] =>
      of.services().map(({ spec: { key } }) => (key.kind === 'fwmark' ? 0 : key.port));
    const dirty = (value: number): void => conf.set(0, Conf.dirty, value);
    const { generation } = reader.table();
    // One change: the table is as before it until its generation is another one.
    dirty(Dirty.change);
    nowMs += 1000;
    assert.deepEqual([keysOf(reader), reader.table().generation, reader.service(web).destinations.length], [[81, 80], generation, 1]);
    assert.throws(
      () => reader.service(serviceKey('tcp', VIP, 82)),
      (error) => isWeirError(error, 'service-missing'),
    );
    assert.equal(sleptMs, 0);
    dirty(Dirty.none);
    assert.deepEqual(keysOf(reader), [81, 80]);
    // What a batch has changed so far is not read, until it takes too long: then it is, as packets meet it.
    director.deleteService(other);
    assert.notEqual(conf.get(0, Conf.generation), generation);
    dirty(Dirty.batch);
    assert.deepEqual([keysOf(reader), reader.table().generation], [[81, 80], generation]);
    nowMs += 2000;
    assert.deepEqual(keysOf(reader), [80]);
    // After a change of its own a process is not answered with what was before it.
    nowMs -= 2000;
    assert.deepEqual(keysOf(reader), [81, 80]);
    reader.forget();
    assert.deepEqual([keysOf(reader), sleptMs], [[80], 0]);
    // A command waits for the end of the change first.
    assert.deepEqual(keysOf(new ObservingReader(tables, '/nonexistent', { clock })), [80]);
    assert.ok(sleptMs >= 50, `${sleptMs} ms`);
    dirty(Dirty.none);
  } finally {
    bed.close();
  }
});

test('what changes while it is read is read once, as packets meet it; a service that went meanwhile is none', {
  skip: skipReason(),
}, () => {
  const bed = openBed();
  try {
    const { director, tables } = bed;
    director.addService(spec(web));
    director.addService(spec(other));
    director.addDestination(web, masq(one));
    const reader = new ObservingReader(tables, '/nonexistent', { waitMs: 0, keptMs: 2000 });
    const before = reader.configured().services;
    assert.deepEqual(
      before,
      reader.services().map(({ spec: own, destinations }) => ({
        spec: own,
        destinations: destinations.map((each) => ({ spec: each.spec, persistent: 0 })),
      })),
    );
    let reads = 0;
    const ports = reader.observing(() => {
      reads += 1;
      director.deleteService(other);
      const found = reader.services();
      director.addService(spec(other));
      return found.map(({ spec: { key } }) => (key.kind === 'fwmark' ? 0 : key.port));
    });
    assert.deepEqual([ports, reads], [[80], 1]);
    assert.equal(reader.services().length, 2);
    assert.equal(
      reader.configured().services[1]?.destinations[0]?.spec,
      before[1]?.destinations[0]?.spec,
      'what is the same stays the same object',
    );
    const keysOf = (asked: PageAsked) => reader.table(asked).services.map(({ spec: { key } }) => key);
    assert.deepEqual([keysOf({ limit: 1 }), reader.table({ limit: 1 }).next], [[other], other]);
    assert.deepEqual([keysOf({ after: other }), reader.table({ after: other }).next], [[web], undefined]);
    reader.together(() => {
      const { generation } = reader.table({ limit: 1 });
      director.addDestination(web, masq(two));
      const { services, generation: same } = reader.configured();
      assert.deepEqual([services[1]?.destinations.length, same], [1, generation], 'what is read together is of one reading');
    });
    assert.equal(reader.configured().services[1]?.destinations.length, 2);
  } finally {
    bed.close();
  }
});

test('a reader that does not wait names a change as unfinished when the same one has lasted', { skip: skipReason() }, () => {
  const bed = openBed();
  try {
    const { conf } = bed.tables;
    let nowMs = 0;
    const clock = { now: () => nowMs, sleep: () => assert.fail('it waits') };
    const reader = new ObservingReader(bed.tables, '/nonexistent', { clock, waitMs: 0 });
    const lookAfter = (ms: number) => {
      nowMs += ms;
      return reader.unfinishedChange();
    };
    assert.equal(lookAfter(0), undefined);
    conf.set(0, Conf.dirty, Dirty.change);
    assert.deepEqual([lookAfter(0), lookAfter(49), lookAfter(1)], [undefined, undefined, {}]);
    // another one
    conf.set(0, Conf.generation, conf.get(0, Conf.generation) + 1);
    assert.deepEqual([lookAfter(100), lookAfter(50)], [undefined, {}]);
    conf.set(0, Conf.dirty, Dirty.none);
    assert.equal(lookAfter(0), undefined);
    conf.set(0, Conf.dirty, Dirty.batch);
    assert.deepEqual([lookAfter(100), lookAfter(50)], [undefined, {}]);
    conf.set(0, Conf.dirty, Dirty.none);
  } finally {
    bed.close();
  }
});
