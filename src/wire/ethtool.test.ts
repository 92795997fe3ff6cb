// Features of an interface out of ethtool's netlink answers.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { staysInside, survivesGarbage } from '../../test/support/wire-generators.js';
import { concat } from './bytes.js';
import { decodeActiveFeatures, decodeFamily, getFeatures, lookUpFamily } from './ethtool.js';
import { encodeAttributes, nested, textAttribute, u32Attribute } from './netlink.js';

const bit = (name: string) => nested(1, [u32Attribute(1, 3), textAttribute(2, name)]);
const answer = concat(
  Uint8Array.of(11, 1, 0, 0),
  encodeAttributes([
    nested(3, [nested(3, [bit('rx-all')])]),
    nested(4, [{ type: 1, payload: new Uint8Array(0) }, u32Attribute(2, 64), nested(3, [bit('rx-gro'), bit('rx-lro')])]),
  ]),
);

test('the active features, not the wanted ones', () => {
  assert.deepEqual(decodeActiveFeatures(answer), ['rx-gro', 'rx-lro']);
});

test('a family’s number, and the requests', () => {
  const family = concat(Uint8Array.of(1, 2, 0, 0), encodeAttributes([{ type: 1, payload: new Uint8Array(Uint16Array.of(21).buffer) }]));
  assert.equal(decodeFamily(family), 21);
  assert.equal(lookUpFamily('ethtool').type, 16);
  assert.deepEqual([getFeatures(21, 3).type, getFeatures(21, 3).payload[0]], [21, 11]);
});

test('bad bytes', () => {
  assert.equal(decodeActiveFeatures(new Uint8Array(3)), undefined);
  assert.equal(decodeActiveFeatures(new Uint8Array(4)), undefined);
  assert.equal(decodeFamily(new Uint8Array(4)), undefined);
  survivesGarbage(decodeActiveFeatures, answer);
  survivesGarbage(decodeFamily, answer);
  staysInside(decodeActiveFeatures, answer);
});
