// weir status names this build and compares it with the one that is loaded: it reads the objects once for both.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { test } from 'node:test';
import { SIDE_OBJECTS } from '../../src/datapath/ebpf/load/build-pin.js';
import { collectStatus } from '../../src/report/status/collect-status.js';
import { openBed, skipReason } from '../datapath/bed.js';

/** The files that `work` reads, by their names. */
function filesRead(work: () => void): readonly string[] {
  const { readFileSync } = fs;
  const names: string[] = [];
  const counting = (...args: Parameters<typeof readFileSync>): ReturnType<typeof readFileSync> => {
    names.push(String(args[0]).replace(/.*\//, ''));
    return readFileSync(...args);
  };
  Object.assign(fs, { readFileSync: counting });
  syncBuiltinESMExports();
  try {
    work();
    return names;
  } finally {
    Object.assign(fs, { readFileSync });
    syncBuiltinESMExports();
  }
}

test('each object is read once, where the datapath is loaded and where it is not', { skip: skipReason() }, () => {
  const objects = ['weir.bpf.o', ...SIDE_OBJECTS].sort();
  const read = (): readonly string[] =>
    filesRead(collectStatus)
      .filter((name) => name.endsWith('.bpf.o'))
      .sort();
  const bed = openBed();
  try {
    assert.deepEqual(read(), objects);
  } finally {
    bed.close();
  }
});
