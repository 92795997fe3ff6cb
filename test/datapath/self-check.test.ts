// The programs are tried before they are attached: wrong answers keep them off, and a trial leaves nothing behind. (The builds beside that on the
// links: self-check.long.test.ts.)

import assert from 'node:assert/strict';
import { load, loadTried } from '../../src/datapath/ebpf/load/load.js';
import { sizesOf } from '../../src/datapath/ebpf/load/object.js';
import { type LinkVector, makeVectors } from '../../src/datapath/ebpf/load/vectors/ipv4.js';
import { QUICK_PINS } from '../../src/datapath/ebpf/table/quick-pins.js';
import {
  ENTRY_PINS,
  FRAGMENT_SERVERS_PIN,
  FRAGMENTS_HELD_PIN,
  FRAGMENTS_PIN,
  FULLNAT_FLOWS_PINS,
  FULLNAT_FTP_PIN,
  FULLNAT_TC_PIN,
  FULLNAT_XDP_PIN,
  HELD_PACKETS_PIN,
  PINNED_MAPS,
  TUNNEL_TC_PIN,
  TUNNEL_XDP_PIN,
} from '../../src/datapath/ebpf/table/tables.js';
import { artifact } from '../../src/sys/artifact.js';
import { BpfMap, ObjectFile } from '../../src/sys/bpf/bpf-objects.js';
import { using } from '../../src/sys/fd.js';
import { breadth, test } from '../support/breadth.js';
import { inFolder, refused, SMALL, skip, wrong } from './self-check-bed.js';

/** Programs, maps of maps, and what goes with a packet. */
const FULLNAT: readonly string[] = [
  FULLNAT_FTP_PIN,
  FULLNAT_TC_PIN,
  FULLNAT_XDP_PIN,
  ...Object.values(FULLNAT_FLOWS_PINS),
  'fullnat_carried',
  'fullnat_found',
];

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
    // conf is filled in, the timer writes its own records, scratch space does not count, and counts of changes only go on
    const written = ['conf', 'housekeeping', 'drop_history', 'scratch_space', 'changes'];
    const hashes = ['localities', 'calls', FRAGMENTS_PIN, FRAGMENT_SERVERS_PIN];
    for (const name of hashes)
      assert.deepEqual(
        using(BpfMap.pinned(`${folder}/${name}`), (map) => [...map.keys()]),
        [],
      );
    // nor are a ring and the arrays of programs and of a map plain memory: the first service of each build, or destination behind a tunnel, fills its own
    const apart = [
      ...written,
      ...hashes,
      ...ENTRY_PINS,
      TUNNEL_TC_PIN,
      TUNNEL_XDP_PIN,
      ...QUICK_PINS,
      ...FULLNAT,
      'tunnel_work',
      FRAGMENTS_HELD_PIN,
      HELD_PACKETS_PIN,
    ];
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

breadth('vectors that differ keep the datapath from being attached, by name', { skip }, () => {
  const vectors = makeVectors();
  inFolder((folder) => {
    for (let k = 0; k < vectors.length; k += 6) {
      const vector = vectors[k] as LinkVector;
      const spoilt = wrong(vector)[(k / 6) % 3] as LinkVector;
      refused(folder, new RegExp(`“${vector.name}”`), () => load(folder, SMALL, { vectors: vectors.with(k, spoilt) }));
    }
  });
});
