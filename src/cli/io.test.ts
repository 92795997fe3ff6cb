import assert from 'node:assert/strict';
import { test } from 'node:test';
import { printable } from './io.js';

test('what a terminal would execute is shown as a question mark; lines and all other text stay', () => {
  const plain = 'eth0\ttc\r\n  桥é — ①\n';
  assert.equal(printable(plain), plain);
  assert.equal(printable('\x1b[31mX\x1b]0;title\x07'), '?[31mX?]0;title?');
  assert.equal(printable('up\rDOWN\x00\x08\x7f\x9b2J'), 'up?DOWN????2J');
  assert.equal(printable('a\u202eb\u2066c'), 'a?b?c');
});
