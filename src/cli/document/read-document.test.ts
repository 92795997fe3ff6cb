import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readWeirFile } from '../../config/weir/read.js';
import { NO_FACTS } from '../../control/plan/table-facts.js';
import { warnChecked } from './read-document.js';

const { file } = readWeirFile('services: {"tcp:192.0.2.1:80": {checks: {TCP_CHECK: {}}, servers: [10.0.0.2]}}\n');

function warned(path: string): string {
  const printed: string[] = [];
  const io = { out: () => {}, err: (text: string) => void printed.push(text), read: () => undefined, flush: () => {} };
  warnChecked(path, file, NO_FACTS, io);
  return printed.join('');
}

test('a service that no daemon checks is named, with the command that checks it', () => {
  const line = (word: string): string => `tcp:192.0.2.1:80: no weir run checks its servers — fix: weir run --weir-config ${word}\n`;
  assert.deepEqual(['/etc/weir/weir.yaml', 'my file.yaml', '-'].map(warned), [
    line('/etc/weir/weir.yaml'),
    line("'my file.yaml'"),
    line('FILE'),
  ]);
});
