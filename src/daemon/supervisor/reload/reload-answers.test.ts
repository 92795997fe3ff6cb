import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ReloadAnswers, readReloadState, reloadStatePath } from './reload-answers.js';

/** No process has it: above the kernel's limit. */
const DEAD = 2 ** 22 + 1;

test('at its start a daemon removes what dead ones of its PID namespace left, and of no other', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-reload-'));
  try {
    const [dead, elsewhere] = [reloadStatePath(DEAD, folder), join(folder, `1.${DEAD}.json`)];
    for (const path of [dead, elsewhere]) writeFileSync(path, '');
    const answers = new ReloadAnswers(assert.fail, folder);
    answers.open();
    assert.deepEqual([existsSync(dead), existsSync(elsewhere)], [false, true]);
    answers.begin();
    answers.end({ taken: false, text: 'why' });
    assert.deepEqual(readReloadState(process.pid, folder), { begun: 1, ended: 1, taken: false, text: 'why' });
    answers.close();
    assert.equal(readReloadState(process.pid, folder), undefined);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
