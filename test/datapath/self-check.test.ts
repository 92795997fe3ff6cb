// The programs are tried before they are attached: wrong answers keep them off, and a trial leaves nothing behind.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load, loadTried } from '../../src/datapath/ebpf/load/load.js';
import { sizesOf } from '../../src/datapath/ebpf/load/object.js';
import { makeVectors, type Vector } from '../../src/datapath/ebpf/load/vectors.js';
import { IPV6_ENTRY_PIN, PINNED_MAPS, SCTP_ENTRY_PIN, WIDE_ENTRY_PIN } from '../../src/datapath/ebpf/table/tables.js';
import { artifact } from '../../src/sys/artifact.js';
import { BpfMap, ObjectFile } from '../../src/sys/bpf/bpf-objects.js';
import { using } from '../../src/sys/fd.js';
import { inFolder, refused, SMALL, skip } from './self-check-bed.js';

function isEmpty(map: BpfMap, name: string): void {
  const { valueSize, maxEntries } = map.info();
  const words = new Uint32Array(map.mmap(Math.ceil(valueSize / 8) * 8 * maxEntries, false));
  assert.equal(
    words.findIndex((word) => word !== 0),
    -1,
    name,
  );
}

test('a trial leaves every table as it was', { skip }, () => {
  inFolder((folder) => {
    load(folder, SMALL);
    // conf is filled in, the timer writes its own records, scratch space does not count
    const written = ['conf', 'housekeeping', 'drop_history', 'scratch_space'];
    assert.deepEqual(
      using(BpfMap.pinned(`${folder}/localities`), (map) => [...map.keys()]),
      [],
    );
    // nor are the arrays of programs plain memory: the first service of each build fills its own
    const apart = [...written, 'localities', IPV6_ENTRY_PIN, WIDE_ENTRY_PIN, SCTP_ENTRY_PIN];
    for (const name of PINNED_MAPS.filter((each) => !apart.includes(each))) {
      using(BpfMap.pinned(`${folder}/${name}`), (map) => isEmpty(map, name));
    }
  });
});

test('nor does it leave what had no room in its own bucket: here all have the same one', { skip }, () => {
  const noKeys = [0, 0, 0].map(() => new Uint8Array(8));
  using(new ObjectFile(artifact('weir.bpf.o')), (object) => {
    const capacity = { ...SMALL, connTabBits: 8 };
    loadTried(object, capacity, sizesOf(capacity), noKeys);
    for (const name of ['conns', 'endpoints', 'client_hops']) using(object.map(name), (map) => isEmpty(map, name));
  });
});

test('vectors that differ keep the datapath from being attached, by name', { skip }, () => {
  const wrong = (vector: Vector): readonly Vector[] => {
    const out = vector.out.slice();
    out[out.length - 1] = (out[out.length - 1] ?? 0) ^ 1;
    return [
      { ...vector, out },
      { ...vector, verdict: vector.verdict === 'pass' ? 'redirect' : 'pass' },
      { ...vector, out: vector.out.slice(0, -1) },
    ];
  };
  const vectors = makeVectors();
  inFolder((folder) => {
    for (let k = 0; k < vectors.length; k += 6) {
      const vector = vectors[k] as Vector;
      const spoilt = wrong(vector)[(k / 6) % 3] as Vector;
      refused(folder, new RegExp(`“${vector.name}”`), () => load(folder, SMALL, { vectors: vectors.with(k, spoilt) }));
    }
  });
});
