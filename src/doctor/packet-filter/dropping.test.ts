import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../test/support/ip.js';
import { droppingRules } from './dropping.js';
import { iptablesChains } from './iptables-chains.js';
import type { PacketProbe } from './model.js';

const PROBE: PacketProbe = {
  direction: 'in',
  interfaceName: 'eth0',
  source: ip('77.77.77.77'),
  destination: ip('10.8.1.100'),
  protocol: 'tcp',
  destinationPort: 80,
  anyClient: true,
};

const dropping = (policy: string, ...rules: readonly string[]): readonly string[] => {
  const text = `*filter\n:INPUT ${policy} [0:0]\n:BAD - [0:0]\n${rules.map((rule) => `-A ${rule}\n`).join('')}COMMIT\n`;
  return droppingRules(iptablesChains(text, 'iptables'), PROBE).map((by) => `${by.chain}: ${by.text}`);
};

test('a rule for some clients is named, though it does not drop all packets', () => {
  assert.deepEqual(dropping('ACCEPT', 'INPUT -s 192.0.2.0/24 -j DROP'), ['INPUT: -s 192.0.2.0/24 -j DROP']);
  assert.deepEqual(dropping('ACCEPT', 'INPUT -s 192.0.2.0/24 -j BAD', 'BAD -p udp -j DROP', 'BAD -j REJECT'), ['BAD: -j REJECT']);
});

test('rules for other services, and those behind a rule that accepts all of it, are not', () => {
  assert.deepEqual(dropping('ACCEPT', 'INPUT -p tcp -m tcp --dport 22 -j DROP', 'INPUT -d 10.8.1.99/32 -j DROP'), []);
  assert.deepEqual(dropping('DROP', 'INPUT -p tcp -m tcp --dport 80 -j ACCEPT', 'INPUT -j REJECT'), []);
});

test('a rule that accepts some clients leaves the others to those behind it, and to the policy', () => {
  const [rule, policy] = dropping('DROP', 'INPUT -s 192.0.2.1/32 -p tcp -m tcp --dport 80 -j ACCEPT', 'INPUT -s 192.0.2.0/24 -j DROP');
  assert.equal(rule, 'INPUT: -s 192.0.2.0/24 -j DROP');
  assert.match(policy ?? '', /^INPUT: policy drop/);
});
