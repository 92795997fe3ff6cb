import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../test/support/properties.js';
import { addedRules, type KtcpvsRule, withRule } from './virtual.js';

test('the rules of a file are those that commands make of them, one after the other', () => {
  const rule = fc.record({ pattern: fc.constantFrom('.*', '^/.*', 'a', 'b', 'c'), match: fc.nat(9), port: fc.nat(9) });
  fc.assert(
    fc.property(fc.array(rule), (all) => {
      const rules = all.map(({ port, ...one }): KtcpvsRule => ({ ...one, server: { address: { family: 'inet', words: [1] }, port } }));
      assert.deepEqual(addedRules(rules), rules.reduce(withRule, [] as readonly KtcpvsRule[]));
    }),
  );
});
