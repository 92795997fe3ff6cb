import assert from 'node:assert/strict';
import { test } from 'node:test';
import { printableAscii } from './printable-ascii.js';

test('what is not printable ASCII is shown as ?', () => {
  assert.equal(printableAscii('a b~ \r\n\tü\u001b[1m\u007f'), 'a b~ ?????[1m?');
});
