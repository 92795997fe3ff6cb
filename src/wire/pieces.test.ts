// Pieces that are put together: nothing is lost, and no number of small ones makes many.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../test/support/properties.js';
import { concat } from './bytes.js';
import { type Pieces, withPiece } from './pieces.js';

test('whatever the pieces are, they are the whole in order', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 200 }), (all) => {
      const pieces = all.reduce<Pieces>(withPiece, []);
      assert.deepEqual(concat(...pieces), concat(...all));
      pieces.slice(1).forEach((piece, index) => assert.ok((pieces[index]?.length ?? 0) >= 2 * piece.length));
    }),
  );
});

test('a million bytes, one by one, are copied few times and are few pieces', () => {
  let pieces: Pieces = [];
  let copied = 0;
  for (let count = 0; count < 1_000_000; count++) {
    const before = new Set(pieces);
    pieces = withPiece(pieces, Uint8Array.of(count & 0xff));
    for (const piece of pieces) if (!before.has(piece)) copied += piece.length;
  }
  assert.equal(concat(...pieces).length, 1_000_000);
  assert.ok(pieces.length <= 20, `${pieces.length} pieces`);
  assert.ok(copied <= 40_000_000, `${copied} bytes were copied`);
});
