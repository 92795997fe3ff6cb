import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { optionalWork } from './optional-work.js';

test('work that the system refuses is logged once, and done again the next time', () => {
  const logged: string[] = [];
  const attempt = optionalWork((reason) => logged.push(reason));
  let done = 0;
  attempt(() => readFileSync('/none/such'));
  attempt(() => readFileSync('/none/such'));
  attempt(() => done++);
  assert.equal(done, 1);
  assert.equal(logged.length, 1);
  assert.match(logged[0] ?? '', /ENOENT/);
});

test('any other error is thrown', () => {
  const attempt = optionalWork(() => assert.fail('logged'));
  assert.throws(() => attempt(() => JSON.parse('{')), SyntaxError);
});
