// What this kernel refuses as too large is named, with what to do about it: tables of an object, tables of their own, and entries for which a
// table has no room.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadObject } from '../../src/datapath/ebpf/load/object.js';
import { artifact } from '../../src/sys/artifact.js';
import { BpfMap, ObjectFile } from '../../src/sys/bpf/bpf-objects.js';
import { using } from '../../src/sys/fd.js';
import { skipReason } from './bed.js';

const skip = skipReason();
/** More than the kernel counts. */
const TOO_MANY = 0xffffffff;
const refused = (message: RegExp) => ({ code: 'bpf-table-refused', message });

test('a table of the programs', { skip }, () => {
  const load = (map: string): void => using(new ObjectFile(artifact('weir.bpf.o')).mapEntries(map, TOO_MANY), loadObject);
  assert.throws(
    () => load('localities'),
    refused(/^the kernel refuses the table as too large: localities \(E2BIG\) — fix: .*weir load --connections N/),
  );
  assert.throws(
    () => load('conns'),
    refused(/^there is no memory for the table conns \(ENOMEM\) — fix: free memory, or choose a smaller size/),
  );
});

test('a table of its own', { skip }, () => {
  const make = (bytes: number, entries: number) => () => BpfMap.createArray('large', bytes, entries).close();
  assert.throws(make(2 ** 31, 1), refused(/too large: large, 1 records of 2147483648 bytes \(E2BIG\) — fix: /));
  assert.throws(make(64, TOO_MANY), refused(/no memory for the table large, 4294967295 records of 64 bytes \(ENOMEM\) — fix: /));
});

test('an entry for which a table has no room', { skip }, () => {
  using(BpfMap.createArray('small', 8, 4), (map) => {
    const update = (key: number) => (): void => map.update(Uint8Array.of(key, 0, 0, 0), new Uint8Array(8));
    update(3)();
    assert.throws(update(4), { code: 'E2BIG', message: /bpf_map_update_elem: the table small has room for 4 entries$/ });
  });
});
