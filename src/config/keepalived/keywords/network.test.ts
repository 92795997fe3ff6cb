// The words listed for the manual are exactly those that the readers of lines understand.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readAddressLine, readRouteLine, readRuleLine } from '../../../../test/support/keepalived-text.js';
import type { Keyword } from '../keyword.js';
import { addressFlags, addressOptions } from '../to-model/network/address.js';
import { metrics } from '../to-model/network/route-metric.js';
import { routeOptions } from '../to-model/network/route-option.js';
import { ruleOptions } from '../to-model/network/rule-option.js';
import { addressWords, routeWords, ruleWords } from './network.js';

const namesOf = (table: readonly Keyword[]): readonly string[] => table.flatMap(({ name, aliases = [] }) => [name, ...aliases]).sort();

test('the tables and the readers have the same words', () => {
  assert.deepEqual(namesOf(addressWords), [...addressOptions.keys(), ...addressFlags.keys(), 'no_track', 'track_group', 'use_vmac'].sort());
  const routeExtra = ['to', 'inet', 'inet6', 'nexthop', 'or', 'features', 'congctl'];
  assert.deepEqual(namesOf(routeWords), [...routeOptions.keys(), ...metrics.keys(), ...routeExtra].sort());
  assert.deepEqual(namesOf(ruleWords), [...ruleOptions.keys(), 'not', 'inet', 'inet6', 'no_track'].sort());
});

/** Keywords that need a word, alone at the end of a line: the reader must require it. */
const needing = (table: readonly Keyword[]): readonly string[] =>
  table
    .filter(({ argument }) => argument.kind !== 'flag' && !(argument.kind === 'words' && argument.min === 0))
    .flatMap(({ name, aliases = [] }) => [name, ...aliases]);

test('a word without its value is reported', () => {
  for (const word of needing(addressWords)) {
    assert.deepEqual(readAddressLine(`10.0.0.1 ${word}`).errors, [`No ${word} parameter specified for 10.0.0.1`]);
  }
  for (const word of needing(routeWords)) {
    assert.throws(() => readRouteLine(`10.0.0.0/8 dev eth0 ${word}`), /is missing a parameter after keyword/, word);
  }
  for (const word of needing(ruleWords)) assert.throws(() => readRuleLine(word), /is missing a parameter after keyword/, word);
});
