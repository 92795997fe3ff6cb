// What src/model defines once is not made again by hand elsewhere.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { read, typescript } from '../support/project.js';

const sources = typescript().filter((file) => file.startsWith('src/') && !file.startsWith('src/model/') && !file.endsWith('.test.ts'));

const linesWith = (pattern: RegExp): readonly string[] =>
  sources.flatMap((file) =>
    read(file)
      .split('\n')
      .flatMap((line, index) => (pattern.test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : [])),
  );

test('an address becomes a key or is compared by model/identity', () => {
  assert.deepEqual(linesWith(/[a-z]\.words\.(?:join|toString)\(|addressId\([^()]*\) [!=]== addressId\(/), []);
});

test('a log level has the type of model/log-level', () => {
  assert.deepEqual(linesWith(/'error' \| 'warning' \| '(?:notice|info)'/), []);
});

test('a change of the table is applied by datapath/apply-change', () => {
  const elsewhere = linesWith(/\bdirector\.(?:add|edit)(?:Service|Destination)\(/).filter(
    (line) => !line.startsWith('src/datapath/apply-change.ts'),
  );
  assert.deepEqual(elsewhere, []);
});

test('folders of the daemon are made by sys/files/make-folders, whatever its umask is', () => {
  const elsewhere = linesWith(/mkdirSync\(.*recursive/).filter((line) => /^src\/(?:daemon|api)\//.test(line));
  assert.deepEqual(elsewhere, []);
});
