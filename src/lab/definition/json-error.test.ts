import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../test/support/properties.js';
import { findJsonError } from './json-error.js';

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

test('the place and what should stand there', () => {
  assert.deepEqual(findJsonError('{"a": oops}'), { offset: 6, expected: 'a value' });
  assert.deepEqual(findJsonError('{"a": 1 "b": 2}'), { offset: 8, expected: ', or }' });
  assert.deepEqual(findJsonError('[1, 2'), { offset: 5, expected: ', or ]' });
  assert.deepEqual(findJsonError("{'a': 1}"), { offset: 1, expected: 'a key in double quotes' });
  assert.deepEqual(findJsonError('{"a" 1}'), { offset: 5, expected: ':' });
  assert.deepEqual(findJsonError('[1,]'), { offset: 3, expected: 'a value' });
  assert.deepEqual(findJsonError('{} x'), { offset: 3, expected: 'the end of the file' });
  assert.deepEqual(findJsonError(''), { offset: 0, expected: 'a value' });
});

test('all JSON is JSON', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(undefined, 1, '\t'), (value, space) => {
      assert.equal(findJsonError(JSON.stringify(value, undefined, space)), undefined);
    }),
  );
});

test('it agrees with JSON.parse about spoiled texts', () => {
  const pieces = fc.array(
    fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '"a"',
      '"\\u00e9"',
      '\\',
      '1',
      '-',
      '0',
      '.5',
      'e3',
      'true',
      'nul',
      ' ',
      '\n',
      '\u0001',
    ),
    { maxLength: 8 },
  );
  fc.assert(
    fc.property(pieces, (texts) => {
      const text = texts.join('');
      assert.equal(findJsonError(text) === undefined, isJson(text), JSON.stringify(text));
    }),
    { numRuns: 2000 },
  );
});
