import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { FolderChanges } from './folder-changes.js';

const SETTLE_MS = 50;

test('each name that comes, goes or is another file is noticed, also right after the one before', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-changes-'));
  const changes = new FolderChanges(folder);
  const at = (name: string): string => join(folder, name);
  const rests = async (): Promise<void> => {
    await delay(SETTLE_MS);
    changes.mayHaveChanged();
    assert.equal(changes.mayHaveChanged(), false);
  };
  try {
    assert.equal(changes.mayHaveChanged(), true, 'unknown');
    await rests();
    for (let turn = 0; turn < 300; turn++) {
      writeFileSync(at(`${turn}`), '');
      assert.equal(changes.mayHaveChanged(), true, `made ${turn}`);
    }
    await rests();
    writeFileSync(at('0'), 'its bytes are no name');
    assert.equal(changes.mayHaveChanged(), false);
    renameSync(at('1'), at('0'));
    assert.equal(changes.mayHaveChanged(), true);
    await rests();
    rmSync(at('2'));
    assert.equal(changes.mayHaveChanged(), true);
    await rests();
  } finally {
    rmSync(folder, { recursive: true });
  }
  assert.equal(changes.mayHaveChanged(), true, 'gone');
  assert.equal(changes.mayHaveChanged(), true, 'still gone');
});
