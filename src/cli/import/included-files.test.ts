// What an nginx.conf includes: by patterns of the shell, also hostile ones, and only files that end.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { parseNginx } from '../../config/nginx/parse.js';
import { isWeirError } from '../../model/errors/weir-error.js';
import { readText } from '../read-text.js';
import { includedFiles } from './included-files.js';

const folder = mkdtempSync(join(tmpdir(), 'weir-included-'));
test.after(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);
const included = includedFiles(at('nginx.conf'));
const names = (word: string): readonly string[] | undefined => included(word, '')?.map(({ file }) => basename(file));

test('patterns are those of the shell, and none takes long or is an error', () => {
  mkdirSync(at('d'));
  for (const name of ['b.conf', 'a.conf', '.hidden.conf', `${'a'.repeat(200)}x`]) writeFileSync(at(`d/${name}`), 'x 1;\n');
  assert.deepEqual(names('d/*.conf'), ['a.conf', 'b.conf']);
  assert.deepEqual(names('d/[!a].conf'), ['b.conf']);
  assert.deepEqual(names('*/?.conf'), ['a.conf', 'b.conf']);
  for (const word of ['d/*.none', 'd/[abc', 'd/[z-a]*', `d/${'*a'.repeat(12)}*b`]) assert.deepEqual(names(word), [], word);
  assert.deepEqual(names('d/a.conf'), ['a.conf']);
  assert.equal(names('d/none.conf'), undefined);
});

test('an included file may be long', () => {
  const text = 'x;\n'.repeat(200_000);
  const directives = parseNginx({ file: 'a', text: 'include b;\n' }, () => [{ file: 'b', text }]);
  assert.equal(directives.length, 200_000);
});

test('what is no file, or has no end, is refused', () => {
  execFileSync('mkfifo', [at('fifo')]);
  for (const word of ['fifo', '/dev/zero', 'd'])
    assert.throws(
      () => included(word, ''),
      (error) => isWeirError(error, 'file-unreadable') && /no regular file/.test(error.message),
    );
  assert.throws(
    () => readText('/dev/zero'),
    (error) => isWeirError(error, 'file-unreadable') && /more than 67108864 bytes/.test(error.message),
  );
  const piped = execFileSync(process.execPath, ['-e', `process.stdout.write('-A -t 192.0.2.1:80')`]);
  writeFileSync(at('piped'), piped);
  assert.equal(readText(at('piped')), '-A -t 192.0.2.1:80');
  assert.equal(readText('/dev/null'), '');
});
