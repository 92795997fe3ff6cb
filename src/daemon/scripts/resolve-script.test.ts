import assert from 'node:assert/strict';
import { chmodSync, chownSync, lchownSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isInsecure } from './resolve-script.js';

/** Only root can give files to other users. */
const options = { skip: process.getuid?.() !== 0 };

function inFolder(work: (at: (name: string) => string) => void): void {
  const folder = realpathSync(mkdtempSync('/tmp/weir-scripts-'));
  const at = (name: string): string => `${folder}/${name}`;
  try {
    for (const name of ['bin', 'alternatives', 'real', 'open', 'foreign', 'sticky']) mkdirSync(at(name));
    chmodSync(at('open'), 0o777);
    chmodSync(at('sticky'), 0o1777);
    chownSync(at('foreign'), 65534, 65534);
    for (const name of ['real/ok', 'real/world', 'open/script', 'foreign/script']) writeFileSync(at(name), '', { mode: 0o755 });
    chmodSync(at('real/world'), 0o777);
    work(at);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('links of any form to what only root can change are secure', options, () =>
  inFolder((at) => {
    // As Debian's alternatives are: absolute, and two of them.
    symlinkSync(at('alternatives/ok'), at('bin/alternative'));
    symlinkSync(at('real/ok'), at('alternatives/ok'));
    symlinkSync('../real/ok', at('bin/relative'));
    symlinkSync(at('real'), at('folder'));
    symlinkSync('../sticky/../real/./ok', at('bin/odd'));
    symlinkSync(at('real/ok'), at('sticky/link'));
    for (const path of ['real/ok', 'bin/alternative', 'bin/relative', 'folder/ok', 'bin/odd', 'sticky/link', 'open/../real/ok', 'real'])
      assert.equal(isInsecure(at(path)), false, path);
  }),
);

test('a path that others can change anywhere is insecure, also between two links', options, () =>
  inFolder((at) => {
    symlinkSync(at('real/world'), at('bin/to-world'));
    symlinkSync(at('open/script'), at('bin/to-open'));
    symlinkSync(at('real/ok'), at('open/link'));
    symlinkSync(at('open/link'), at('bin/through-open'));
    symlinkSync(at('open'), at('folder'));
    symlinkSync('loop', at('bin/loop'));
    symlinkSync('nothing', at('bin/dangling'));
    symlinkSync(at('real/ok'), at('sticky/foreign'));
    lchownSync(at('sticky/foreign'), 65534, 65534);
    for (const path of [
      'real/world',
      'open/script',
      'foreign/script',
      'bin/to-world',
      'bin/to-open',
      'bin/through-open',
      'folder/script',
      'bin/loop',
      'bin/dangling',
      'sticky/foreign',
      'open',
    ])
      assert.equal(isInsecure(at(path)), true, path);
    assert.equal(isInsecure(join(at('open'), '..', 'real', 'none')), true);
  }),
);
