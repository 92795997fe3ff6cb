import assert from 'node:assert/strict';
import fs, { chmodSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeFolders } from './make-folders.js';

test('folders may be passed through whatever the umask is; one that was there stays as it was', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-folders-'));
  const before = process.umask(0o177);
  try {
    const modeOf = (path: string): number => statSync(path).mode & 0o777;
    chmodSync(folder, 0o750);
    makeFolders(join(folder, 'a/b/c'));
    assert.deepEqual(
      ['', 'a', 'a/b', 'a/b/c'].map((path) => modeOf(join(folder, path))),
      [0o750, 0o755, 0o755, 0o755],
    );
    makeFolders(join(folder, 'own'), 0o700);
    makeFolders(join(folder, 'own'));
    assert.equal(modeOf(join(folder, 'own')), 0o700);
    chmodSync(join(folder, 'own'), 0o600);
    makeFolders(join(folder, 'own'), 0o750);
    assert.equal(modeOf(join(folder, 'own')), 0o750, 'its owner may pass again');
    writeFileSync(join(folder, 'file'), '');
    assert.throws(() => makeFolders(join(folder, 'file/below')), { code: 'ENOTDIR' });
    symlinkSync(join(folder, 'nowhere'), join(folder, 'link'));
    assert.throws(() => makeFolders(join(folder, 'link/below')), { code: 'ENOENT' });
  } finally {
    process.umask(before);
    rmSync(folder, { recursive: true });
  }
});

test('no other process finds one with another mode, and one that another process makes meanwhile stays as that made it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-folders-'));
  const [before, mkdir] = [process.umask(0o177), fs.mkdirSync];
  const modeOf = (path: string): number => statSync(path).mode & 0o777;
  const seen: number[] = [];
  try {
    fs.mkdirSync = ((path: string, mode: number) => {
      if (path.endsWith('/other/below') && statSync(join(folder, 'other'), { throwIfNoEntry: false })?.isDirectory() === true)
        mkdir(path, 0o700);
      mkdir(path, mode);
      seen.push(modeOf(path));
    }) as typeof mkdir;
    syncBuiltinESMExports();
    makeFolders(join(folder, 'a/b'), 0o751);
    makeFolders(join(folder, 'other/below'));
    assert.deepEqual(seen, [0o751, 0o751, 0o755]);
    assert.equal(modeOf(join(folder, 'other/below')), 0o700);
  } finally {
    fs.mkdirSync = mkdir;
    syncBuiltinESMExports();
    process.umask(before);
    rmSync(folder, { recursive: true });
  }
});
