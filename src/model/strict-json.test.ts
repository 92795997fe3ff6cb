import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../test/support/properties.js';
import { isWeirError } from './errors/weir-error.js';
import { readStrictJson } from './strict-json.js';

const refused = (text: string): boolean => {
  try {
    readStrictJson(text);
    return false;
  } catch (error) {
    if (!isWeirError(error, 'api-json')) throw error;
    return true;
  }
};

test('every JSON that has no name twice, no number too large and no NUL is read as it is', () => {
  const fits = (value: unknown): boolean => {
    const text = JSON.stringify(value);
    return !text.includes('\\u0000') && !/\d{16}|e[+-]?\d/.test(text);
  };
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
      if (fits(value)) assert.deepEqual(readStrictJson(JSON.stringify(value)), JSON.parse(JSON.stringify(value)));
    }),
  );
});

test('what two readers could read differently is refused', () => {
  const bad = [
    '{"a":1,"a":2}',
    '{"a":1,"\\u0061":2}',
    '[{"b":{"a":1}},{"a":{"b":1,"c":[],"b":1}}]',
    '12345678901234567890',
    '{"a":1e999}',
    '"a\\u0000"',
    '{"\\u0000":1}',
    `${'['.repeat(33)}${']'.repeat(33)}`,
    `${'['.repeat(500_000)}`,
    '{"a":1',
    '',
    '{"a":1} {}',
  ];
  assert.deepEqual(
    bad.filter((text) => !refused(text)),
    [],
  );
});

test('the same name in two objects, and values that are names, are fine', () => {
  const good = [
    '{"a":{"a":1},"b":"a"}',
    '[{"a":1},{"a":1}]',
    '{"a":["b","b"],"b":{"c":"a","d":"c"}}',
    `${'['.repeat(32)}${']'.repeat(32)}`,
  ];
  assert.deepEqual(good.filter(refused), []);
});
