import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readTextFile, removeFile, replaceFiles, replaceTextFile } from './durable-file.js';

const folder = mkdtempSync(join(tmpdir(), 'weir-durable-'));
after(() => rmSync(folder, { recursive: true }));

test('a text is written, replaced and removed, its folder made, its mode as asked', () => {
  const path = join(folder, 'a', 'b', 'state.json');
  assert.equal(readTextFile(path), undefined);
  replaceTextFile(path, 'old', 0o600);
  replaceTextFile(path, 'new', 0o640);
  assert.deepEqual([readTextFile(path), statSync(path).mode & 0o777], ['new', 0o640]);
  assert.deepEqual([removeFile(path), removeFile(path), readTextFile(path)], [true, false, undefined]);
});

test('where there is no room the old text stays, the error names the path, and no other file is left', () => {
  const path = join(folder, 'full', 'state.json');
  replaceTextFile(path, 'old');
  const replace = `import('${new URL('durable-file.js', import.meta.url)}').then(({ replaceTextFile }) => replaceTextFile(process.argv[1], 'new'))
    .catch(({ message }) => console.log(message))`;
  const shell = `trap '' XFSZ; ulimit -f 0; exec "$@"`; // a file may not become longer than nothing
  const text = execFileSync('sh', ['-c', shell, 'sh', process.execPath, '-e', replace, path], { encoding: 'utf8' });
  assert.match(text, new RegExp(`^EFBIG: [^\\n]*, write '${path}\\.\\d+\\.new'\\n$`));
  assert.equal(readFileSync(path, 'utf8'), 'old');
  assert.deepEqual(readdirSync(join(folder, 'full')), ['state.json']);
});

test('of several files none is replaced where one cannot be written', () => {
  const [first, second] = [join(folder, 'several', 'first'), join(folder, 'several', 'second')];
  replaceFiles([
    [first, 'old'],
    [second, 'old'],
  ]);
  const inTheWay = `${second}.${process.pid}.new`;
  mkdirSync(inTheWay);
  const replace = (): void =>
    replaceFiles([
      [first, 'new'],
      [second, 'new'],
    ]);
  assert.throws(replace, /EISDIR/);
  rmSync(inTheWay, { recursive: true });
  assert.deepEqual([readFileSync(first, 'utf8'), readdirSync(join(folder, 'several'))], ['old', ['first', 'second']]);
  replace();
  assert.deepEqual([readTextFile(first), readTextFile(second)], ['new', 'new']);
});
