// The running kernel's verifier must accept what every clang makes of the datapath, not only the one that is `clang` here.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isLoaded, load, removePins } from '../../src/datapath/ebpf/load/load.js';
import { Bpffs } from '../../src/datapath/ebpf/pins/bpffs.js';
import { ObjectFile } from '../../src/sys/bpf/bpf-objects.js';
import { probe } from '../support/probes.js';
import { skipReason } from './bed.js';
import { compiledBy, filtersBy, otherClangs } from './compilers.js';

const clangs = otherClangs();

test('other compilers', { skip: probe('clangs', clangs.length > 0, 'the PATH has one clang only') }, async (t) => {
  for (const clang of clangs) {
    await t.test(`${clang}: the kernel loads its datapath and the timer starts`, { skip: skipReason() }, () => {
      // No namespace’s folder, for those are named by a number; and without a dot, which a bpffs allows in no name.
      const folder = `${Bpffs.ensure().base}/${clang}-${process.pid}`;
      mkdirSync(folder);
      try {
        compiledBy(clang, (object) => load(folder, { maxServices: 64, maxDestinations: 64, connBuckets: 64 }, { file: object }));
        assert.ok(isLoaded(folder));
      } finally {
        removePins(folder);
        rmdirSync(folder);
      }
    });
    await t.test(`${clang}: the kernel loads its socket filters`, { skip: skipReason() }, () => {
      const folder = mkdtempSync(join(tmpdir(), `weir-filters-${clang}-`));
      try {
        for (const object of filtersBy(clang, folder)) new ObjectFile(object).load().close();
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  }
});
