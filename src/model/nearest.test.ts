import assert from 'node:assert/strict';
import { test } from 'node:test';
import { distance, nearest } from './nearest.js';

const names = ['priority', 'interface', 'virtual_router_id', 'virtual_ipaddress', 'state'];

test('a slip of the finger has its keyword', () => {
  assert.equal(nearest('priorty', names), 'priority');
  assert.equal(nearest('Interface', names), 'interface');
  assert.equal(nearest('virtual_routerid', names), 'virtual_router_id');
  assert.equal(nearest('stat', names), 'state');
});

test('what is far from all has none', () => {
  for (const text of ['foo', 'x', '', 'weight', 'p'.repeat(100_000)]) assert.equal(nearest(text, names), undefined, text.slice(0, 20));
});

test('how far one word is from another', () => {
  assert.equal(distance('', 'abc'), 3);
  assert.equal(distance('sysclt', 'sysctl'), 1);
  assert.equal(distance('kitten', 'sitting'), 3);
  assert.equal(nearest('prc', ['proc', 'sysctl']), 'proc');
  assert.equal(nearest('x', ['proc', 'sysctl']), undefined);
});
