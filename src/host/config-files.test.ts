import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { hostConfigFiles, LARGEST_FILE } from './config-files.js';

const home = mkdtempSync(join(tmpdir(), 'weir-config-'));
after(() => rmSync(home, { recursive: true }));
const at = (name: string): string => join(home, name);
const kind = (name: string): string => hostConfigFiles.read(at(name)).kind;

test('what is read and what is not', () => {
  writeFileSync(at('plain'), 'a\n');
  writeFileSync(at('latin'), Buffer.from([0x61, 0xe9]));
  writeFileSync(at('utf8'), '\ufeffé');
  writeFileSync(at('run'), '', { mode: 0o755 });
  writeFileSync(at('huge'), '');
  truncateSync(at('huge'), LARGEST_FILE + 1);
  mkdirSync(at('d'));
  symlinkSync('plain', at('link'));
  symlinkSync('nowhere', at('dangling'));
  execFileSync('mkfifo', [at('fifo')]);
  chmodSync(at('run'), 0o755);
  assert.deepEqual(hostConfigFiles.read(at('plain')), { kind: 'text', text: 'a\n' });
  assert.deepEqual(hostConfigFiles.read(at('latin')), { kind: 'text', text: 'aé' });
  assert.deepEqual(hostConfigFiles.read(at('utf8')), { kind: 'text', text: '\ufeffé' });
  assert.deepEqual(['link', 'run', 'd', 'none', 'plain/x', 'dangling', 'fifo', 'huge'].map(kind), [
    'text',
    'unfit',
    'directory',
    'missing',
    'missing',
    'unfit',
    'unfit',
    'failed',
  ]);
  assert.equal(hostConfigFiles.read('/dev/zero').kind, 'unfit');
});

test('names in a directory, none where there is none', () => {
  assert.ok(hostConfigFiles.list(home).includes('plain'));
  assert.deepEqual(hostConfigFiles.list(at('none')), []);
});
