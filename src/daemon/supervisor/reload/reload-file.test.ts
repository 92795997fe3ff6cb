import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { emptyGlobal } from '../../../../test/support/keepalived-configuration.js';
import { makeReloadFile, reloadFilePath, removeReloadFile } from './reload-file.js';

const folder = mkdtempSync(join(tmpdir(), 'weir-reload-file-'));
after(() => rmSync(folder, { recursive: true }));
const logged: string[] = [];
const log = (_: unknown, text: string): void => void logged.push(text);

test('it is where the pid files are, or where the configuration puts it', () => {
  assert.equal(reloadFilePath(emptyGlobal, '/run'), undefined);
  assert.equal(reloadFilePath({ ...emptyGlobal, reloadFile: {} }, '/run'), '/run/keepalived.reload');
  assert.equal(reloadFilePath({ ...emptyGlobal, reloadFile: { path: '/x/y' } }, '/run'), '/x/y');
});

test('it is empty and for all to see while files are read, and gone afterwards', () => {
  const path = join(folder, 'reload');
  writeFileSync(path, 'wait for me');
  makeReloadFile(path, log);
  assert.equal(readFileSync(path, 'utf8'), '');
  removeReloadFile(path, log);
  assert.ok(!existsSync(path));
  makeReloadFile(path, log);
  assert.equal(statSync(path).mode & 0o777, 0o644);
  removeReloadFile(path, log);
  makeReloadFile(undefined, log);
  assert.deepEqual(logged, []);
});

test('a link is not followed, a device not replaced, a folder that is missing logged', () => {
  const target = join(folder, 'target');
  writeFileSync(target, 'untouched');
  symlinkSync(target, join(folder, 'link'));
  makeReloadFile(join(folder, 'link'), log);
  assert.equal(readFileSync(target, 'utf8'), 'untouched');
  makeReloadFile('/dev/null', log);
  removeReloadFile('/dev/null', log);
  assert.ok(statSync('/dev/null').isCharacterDevice());
  makeReloadFile(join(folder, 'none', 'reload'), log);
  assert.equal(logged.filter((text) => text.startsWith('Failed to create reload file')).length, 2);
});
