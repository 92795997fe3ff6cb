import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../test/support/ip.js';
import { blockingRule } from './blocking.js';
import { droppingRules } from './dropping.js';
import { iptablesChains } from './iptables-chains.js';
import type { PacketProbe } from './model.js';

const PROBE: PacketProbe = {
  direction: 'in',
  interfaceName: 'eth0',
  source: ip('198.51.100.1'),
  destination: ip('192.0.2.1'),
  protocol: 'tcp',
  destinationPort: 80,
};

const chainsWith = (untracked: string) =>
  iptablesChains(
    `*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp --dport ${untracked} -j CT --notrack\nCOMMIT
*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp -m conntrack --ctstate NEW -j DROP\nCOMMIT\n`,
    'iptables',
  );

test('a rule about new connections does not surely drop a packet that another rule may keep from connection tracking', () => {
  assert.equal(blockingRule(chainsWith('80'), PROBE), undefined);
  assert.equal(droppingRules(chainsWith('80'), PROBE).length, 1);
});

test('a rule that keeps other packets from connection tracking changes nothing for this one', () => {
  assert.equal(blockingRule(chainsWith('53'), PROBE)?.chain, 'INPUT');
  assert.equal(blockingRule(chainsWith('80'), { ...PROBE, destinationPort: 81 })?.chain, 'INPUT');
});
