import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Regex } from './regex.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test('expressions are PCRE2’s, over bytes, from an offset', () => {
  assert.equal(new Regex('wor+', []).find(bytes('hello worrld')), 6);
  assert.equal(new Regex('WORLD$', ['caseless', 'MULTILINE']).find(bytes('hello world\nx')), 6);
  assert.equal(new Regex('(?<=a)b++', []).find(bytes('b ab')), 3);
  assert.equal(new Regex('l', []).find(bytes('hello'), 3), 3);
  assert.equal(new Regex('l', []).find(bytes('hello'), 9), undefined);
  assert.equal(new Regex('^$', []).find(new Uint8Array(0)), 0);
  assert.equal(new Regex('x', []).find(Uint8Array.of(255, 0, 120)), 2);
});

test('a pattern that is none, and one that takes for ever, are errors', () => {
  assert.throws(() => new Regex('(', []), /missing closing parenthesis at character 1/);
  assert.throws(
    () => new Regex('(x+x+)+y', ['no_start_optimize', 'no_auto_possess']).find(bytes('x'.repeat(5000))),
    /match limit exceeded/,
  );
  assert.throws(() => new Regex('x', ['utf']).find(Uint8Array.of(255)), /UTF-8 error/);
});
