import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readText } from '../../../../test/support/keepalived.js';
import { damageOf, newDamage } from './damage.js';

const damageIn = (text: string) => {
  const { diagnostics, values } = readText(text).read;
  return damageOf(diagnostics, values);
};

const instance = (own: string): string => `vrrp_instance V1 {\ninterface eth0\nvirtual_router_id 51\n${own}\n}\n`;
const ADDRESSES = 'virtual_ipaddress {\n10.0.0.1\n}';

test('each message with the instance and the lines that it stands on', () => {
  const found = (text: string): readonly string[] =>
    damageIn(text).map(({ instance: name, onAuthentication }) => `${name} ${onAuthentication}`);
  assert.deepEqual(found(instance(ADDRESSES)), []);
  assert.deepEqual(found(instance('virtual_ipaddress {\n10.0.0.1\n10.0.0.300\n}')), ['V1 undefined']);
  assert.deepEqual(found(instance('virtual_ipaddress {\n10.0.0.1\n}\nvirtual_ipaddress_excluded {\n10.0.0.300\n}')), ['V1 undefined']);
  assert.deepEqual(found(instance(`authentication {\nauth_type PASSWORD\nauth_pass x\n}\n${ADDRESSES}`)), ['V1 true']);
  assert.deepEqual(found(instance(`priority 300\n${ADDRESSES}`)), ['V1 undefined', 'V1 undefined']);
  assert.deepEqual(new Set(found(`${instance(ADDRESSES)}nonsense {\n}\n`)), new Set(['undefined undefined']));
});

test('the same fault at another line is the same; one more of it is new', () => {
  const one = damageIn(`nonsense\n${instance(ADDRESSES)}`);
  const moved = damageIn(`${instance(ADDRESSES)}\n\nnonsense\n`);
  const two = damageIn(`nonsense\n${instance(ADDRESSES)}nonsense\n`);
  assert.deepEqual([one.length, newDamage(one, moved).length, newDamage(one, two).length, newDamage(two, one).length], [1, 0, 1, 0]);
});
