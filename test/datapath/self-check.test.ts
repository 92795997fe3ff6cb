// The programs are tried before they are attached: wrong answers keep them off, and a trial leaves nothing behind.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load, loadTried, programKinds } from '../../src/datapath/ebpf/load/load.js';
import { sizesOf } from '../../src/datapath/ebpf/load/object.js';
import { type SideCheck, trySideBuild } from '../../src/datapath/ebpf/load/side-check.js';
import { ipv6Check, ipv6XdpCheck, sctpCheck, wideCheck, wideSctpCheck } from '../../src/datapath/ebpf/load/side-checks.js';
import { type LinkVector, makeVectors } from '../../src/datapath/ebpf/load/vectors/ipv4.js';
import type { Vector } from '../../src/datapath/ebpf/load/vectors/vector.js';
import {
  ENTRY_PINS,
  FULLNAT_FLOWS_PINS,
  FULLNAT_TC_PIN,
  PINNED_MAPS,
  TUNNEL_TC_PIN,
  TUNNEL_XDP_PIN,
} from '../../src/datapath/ebpf/table/tables.js';
import { type ArtifactName, artifact } from '../../src/sys/artifact.js';
import { BpfMap, ObjectFile } from '../../src/sys/bpf/bpf-objects.js';
import { using } from '../../src/sys/fd.js';
import { inFolder, refused, SMALL, skip } from './self-check-bed.js';

/** Programs, maps of maps, and what goes with a packet. */
const FULLNAT: readonly string[] = [FULLNAT_TC_PIN, ...Object.values(FULLNAT_FLOWS_PINS), 'fullnat_carried'];

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
    const hashes = ['localities', 'calls'];
    for (const name of hashes)
      assert.deepEqual(
        using(BpfMap.pinned(`${folder}/${name}`), (map) => [...map.keys()]),
        [],
      );
    // nor are the arrays of programs plain memory: the first service of each build, or destination behind a tunnel, fills its own
    const apart = [...written, ...hashes, ...ENTRY_PINS, TUNNEL_TC_PIN, TUNNEL_XDP_PIN, ...FULLNAT, 'tunnel_work'];
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

/** A vector whose packet has results that the programs do not give. */
function wrong<V extends Vector>(vector: V): readonly V[] {
  const out = vector.out.slice();
  out[out.length - 1] = (out[out.length - 1] ?? 0) ^ 1;
  return [
    { ...vector, out },
    { ...vector, verdict: vector.verdict === 'pass' ? 'redirect' : 'pass' },
    { ...vector, out: vector.out.slice(0, -1) },
  ];
}

test('vectors that differ keep the datapath from being attached, by name', { skip }, () => {
  const vectors = makeVectors();
  inFolder((folder) => {
    for (let k = 0; k < vectors.length; k += 6) {
      const vector = vectors[k] as LinkVector;
      const spoilt = wrong(vector)[(k / 6) % 3] as LinkVector;
      refused(folder, new RegExp(`“${vector.name}”`), () => load(folder, SMALL, { vectors: vectors.with(k, spoilt) }));
    }
  });
});

const BUILDS: readonly (readonly [ArtifactName, SideCheck])[] = [
  ['weir-ipv6.bpf.o', ipv6Check],
  ['weir-xdp-ipv6.bpf.o', ipv6XdpCheck],
  ['weir-wide.bpf.o', wideCheck('inet')],
  ['weir-wide6.bpf.o', wideCheck('inet6')],
  ['weir-sctp.bpf.o', sctpCheck('inet')],
  ['weir-sctp6.bpf.o', sctpCheck('inet6')],
  ['weir-wide-sctp.bpf.o', wideSctpCheck('inet')],
  ['weir-wide-sctp6.bpf.o', wideSctpCheck('inet6')],
];

test('each build beside that on the links answers as its vectors do, and those that differ keep it out, by name', { skip }, () => {
  inFolder((folder) => {
    const tables = load(folder, SMALL, { kinds: programKinds(false) });
    for (const [file, check] of BUILDS) {
      trySideBuild(artifact(file), tables, check);
      const vectors = check.vectors();
      [3, vectors.length - 1].forEach((k, n) => {
        const vector = vectors[k] as ReturnType<SideCheck['vectors']>[number];
        const spoilt = vectors.with(k, wrong(vector)[n] as typeof vector);
        const differing: SideCheck = { ...check, vectors: () => spoilt };
        refused(folder, new RegExp(`“${check.label} ${vector.name}”`), () => trySideBuild(artifact(file), tables, differing));
      });
    }
  });
});
