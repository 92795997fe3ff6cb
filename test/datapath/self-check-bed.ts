// What the tests of the trial before an attachment share: a folder for pins, and what a refusal looks like.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmdirSync } from 'node:fs';
import { removePins } from '../../src/datapath/ebpf/load/load.js';
import type { Vector } from '../../src/datapath/ebpf/load/vectors/vector.js';
import { Bpffs } from '../../src/datapath/ebpf/pins/bpffs.js';
import { skipReason } from './bed.js';

export const skip = skipReason();
export const SMALL = { maxServices: 64, maxDestinations: 64, connBuckets: 4096 };

/** No namespace's folder, for those are named by a number. */
export function inFolder<T>(work: (folder: string) => T): T {
  const folder = `${Bpffs.ensure().base}/selfcheck-${process.pid}`;
  mkdirSync(folder);
  try {
    return work(folder);
  } finally {
    removePins(folder);
    rmdirSync(folder);
  }
}

/** It is refused in one line that names the vector, with no more pinned than before. */
export function refused(folder: string, name: RegExp, loading: () => void): void {
  const before = readdirSync(folder);
  assert.throws(loading, (error) => {
    assert.ok(error instanceof Error && name.test(error.message), String(error));
    assert.match(error.message, /^the datapath fails its self-check[^\n]*not attached[^\n]*$/);
    return true;
  });
  assert.deepEqual(readdirSync(folder), before);
}

/** A vector whose packet has results that the programs do not give. */
export function wrong<V extends Vector>(vector: V): readonly V[] {
  const out = vector.out.slice();
  out[out.length - 1] = (out[out.length - 1] ?? 0) ^ 1;
  return [
    { ...vector, out },
    { ...vector, verdict: vector.verdict === 'pass' ? 'redirect' : 'pass' },
    { ...vector, out: vector.out.slice(0, -1) },
  ];
}
