// Which trials are remembered, in a folder of the test's own.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { onceTried } from './once-tried.js';

function inFolder(work: (folder: string, tried: (name: string, ...of: readonly string[]) => number) => void): void {
  const above = mkdtempSync(join(tmpdir(), 'weir-tried-'));
  const folder = join(above, 'tried');
  try {
    work(folder, (name, ...of) => {
      let trials = 0;
      onceTried(folder, name, of, () => {
        trials++;
      });
      return trials;
    });
  } finally {
    rmSync(above, { recursive: true });
  }
}

test('a trial is made once for each build and whatever its result depends on', () => {
  inFolder((_, tried) => {
    assert.equal(tried('one', 'object', 'vectors'), 1);
    assert.equal(tried('one', 'object', 'vectors'), 0);
    assert.equal(tried('two', 'object', 'vectors'), 1);
    assert.equal(tried('one', 'objectvectors', ''), 1);
    assert.equal(tried('one', 'another object', 'vectors'), 1);
    assert.equal(tried('one', 'another object', 'other vectors'), 1);
    assert.equal(tried('two', 'object', 'vectors'), 0);
  });
});

test('one that failed is made again, and so is one whose file has something else', () => {
  inFolder((folder, tried) => {
    const refuse = (): void => {
      throw new Error('wrong');
    };
    assert.throws(() => onceTried(folder, 'one', ['object'], refuse), /wrong/);
    assert.equal(tried('one', 'object'), 1);
    const file = join(folder, 'one');
    for (const text of ['', readFileSync(file, 'utf8').slice(0, -1)]) {
      writeFileSync(file, text);
      assert.equal(tried('one', 'object'), 1);
    }
    assert.equal(tried('one', 'object'), 0);
  });
});

test('where nothing can be written, every trial is made', () => {
  inFolder((folder) => {
    let trials = 0;
    for (let k = 0; k < 2; k++)
      onceTried(join(folder, 'no', 'such'), 'one', ['object'], () => {
        trials++;
      });
    assert.equal(trials, 2);
  });
});
