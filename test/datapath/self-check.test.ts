// The programs are tried before they are attached: what a wrong one does, and that a right one's trial leaves nothing behind.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmdirSync } from 'node:fs';
import { test } from 'node:test';
import { load, removePins } from '../../src/datapath/ebpf/load/load.js';
import { makeVectors, type Vector } from '../../src/datapath/ebpf/load/vectors.js';
import { Bpffs } from '../../src/datapath/ebpf/pins/bpffs.js';
import { PINNED_MAPS } from '../../src/datapath/ebpf/table/tables.js';
import { artifact } from '../../src/sys/artifact.js';
import { BpfMap } from '../../src/sys/bpf/bpf-objects.js';
import { noTools } from '../support/probes.js';
import { skipReason } from './bed.js';
import { compiledWith } from './compilers.js';

const skip = skipReason();
const SMALL = { maxServices: 64, maxDestinations: 64, connBuckets: 4096 };

/** No namespace's folder, for those are named by a number. */
function inFolder<T>(work: (folder: string) => T): T {
  const folder = `${Bpffs.ensure().base}/selfcheck-${process.pid}`;
  mkdirSync(folder);
  try {
    return work(folder);
  } finally {
    removePins(folder);
    rmdirSync(folder);
  }
}

/** It is refused in one line that names the vector, with nothing pinned. */
function refused(folder: string, name: RegExp, loading: () => void): void {
  assert.throws(loading, (error) => {
    assert.ok(error instanceof Error && name.test(error.message), String(error));
    assert.match(error.message, /^the datapath fails its self-check[^\n]*not attached[^\n]*$/);
    return true;
  });
  assert.deepEqual(readdirSync(folder), []);
}

test('a trial leaves every table as it was', { skip }, () => {
  inFolder((folder) => {
    load(folder, SMALL);
    // conf is filled in, the timer writes its own records, scratch space does not count
    const written = ['conf', 'housekeeping', 'drop_history', 'scratch_space'];
    for (const name of PINNED_MAPS.filter((each) => !written.includes(each))) {
      const map = BpfMap.pinned(`${folder}/${name}`);
      const { valueSize, maxEntries } = map.info();
      const words = new Uint32Array(map.mmap(Math.ceil(valueSize / 8) * 8 * maxEntries, false));
      map.close();
      assert.equal(
        words.findIndex((word) => word !== 0),
        -1,
        name,
      );
    }
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
      refused(folder, new RegExp(`“${vector.name}”`), () => load(folder, SMALL, artifact('weir.bpf.o'), vectors.with(k, spoilt)));
    }
  });
});

/** Mistakes that a compiler, a verifier's rewriting or a merge could make. */
const MISTAKES = [
  ['quick.h', 'ip->ttl = p->ttl - 1;', 'ip->ttl = p->ttl;', 'xdp: '],
  ['quick.h', 'ports[8] = sum_apply(ports[8], l4_change);', 'ports[8] = sum_apply(ports[8], change);', 'xdp: '],
  ['send.h', 'rc |= bpf_l4_csum_replace(skb, check_at, was, addr,', 'rc |= bpf_l4_csum_replace(skb, check_at, addr, was,', 'ingress: '],
  ['packet.h', 'if (p->fragment) return P_FRAGMENT;', 'if (!p->fragment) return P_FRAGMENT;', 'ingress: '],
  ['packet.h', 'return ip_sum_is_right(ip, end) ? parsed : P_BAD_SUM;', 'return parsed;', 'ingress: a wrong IP checksum'],
  ['tc.h', 'if (done != TC_ACT_UNSPEC) return done;', 'if (done == TC_ACT_UNSPEC) return done;', 'ingress: '],
  ['local.h', 'return cached & 1;', 'return !(cached & 1);', 'ingress: '],
  ['tc.h', 'if (real) return tc_local_reply(skb, real);', 'if (!real) return tc_local_reply(skb, real);', 'egress: '],
] as const;

test('a datapath with a mistake in it is not attached', { skip: skip || noTools('clang', 'llvm-strip') }, async (t) => {
  for (const [header, was, is, name] of MISTAKES) {
    await t.test(`${header}: ${was}`, () => {
      inFolder((folder) =>
        compiledWith(header, was, is, (object) => refused(folder, new RegExp(`“${name}`), () => load(folder, SMALL, object))),
      );
    });
  }
});
