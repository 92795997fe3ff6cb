import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../test/support/properties.js';
import { jsonPieces } from './json-pieces.js';

const numbers = Array.from({ length: 101 }, (_, index) => index);

test('pieces joined are the text that JSON.stringify makes, with a long list and without one', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      for (const one of [value, { a: value, none: undefined, b: [{ numbers, c: value }, value], d: [] }])
        assert.equal([...jsonPieces(one)].join(''), JSON.stringify(one));
    }),
  );
});

test('no piece has more than one item of a long list', () => {
  const servers = numbers.map((index) => ({ index }));
  const pieces = [...jsonPieces({ plan: { changes: servers, services: [{ servers }, { servers: [] }] } })];
  assert.ok(pieces.every((piece) => piece.length < 20));
});
