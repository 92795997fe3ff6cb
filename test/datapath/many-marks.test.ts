// Firewall marks: each costs every route lookup of the host a rule, so there are not too many.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writerOf } from '../../src/datapath/ebpf/recovery/batch.js';
import { restore, takeSnapshot } from '../../src/datapath/ebpf/recovery/snapshot.js';
import { MARKS_MAX } from '../../src/datapath/ebpf/table/marks.js';
import type { Family } from '../../src/model/address.js';
import { inBed, openBed, skipReason } from './bed.js';

const key = (mark: number, family: Family) => ({ kind: 'fwmark', family, mark }) as const;
const spec = (mark: number, family: Family = 'inet') => ({ key: key(mark, family), scheduler: 'rr', schedFlags: 0, onePacket: false });

test('one service of a mark too many is refused in a line; of another family, and after one went, there is room', {
  skip: skipReason(),
}, async () => {
  await inBed(
    ({ tables }) => {
      const writer = writerOf(tables);
      for (let mark = 1; mark <= MARKS_MAX; mark++) writer.addService(spec(mark));
      const refused = {
        code: 'table-full',
        message: /^no room for more than 256 firewall marks: every route lookup of this host compares a rule for each$/,
      };
      assert.throws(() => writer.addService(spec(MARKS_MAX + 1)), refused);
      assert.throws(() => writer.addService(spec(1)), { code: 'service-exists' });
      writer.addService(spec(1, 'inet6'));
      writer.deleteService(key(7, 'inet'));
      writer.addService(spec(MARKS_MAX + 1));
      assert.throws(() => writer.addService(spec(7)), refused, 'also where it was there before');
      writer.addService(spec(7), true); // as a build without this limit did
      const before = takeSnapshot(tables, writer);
      writer.flush(before.services.map(({ spec: { key } }) => key));
      restore(tables, writer, before);
      assert.deepEqual(takeSnapshot(tables, writer), before, 'what is taken back is not limited');
    },
    openBed({ attach: 'tc', capacity: { maxServices: 512 } }),
  );
});
