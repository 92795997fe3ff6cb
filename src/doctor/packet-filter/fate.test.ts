// What the packet filter does with one packet that is known: its source, ports and interface decide.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../test/support/ip.js';
import { type FilterWay, fateOf, type NewPacket } from './fate.js';
import { iptablesChains } from './iptables-chains.js';

const PACKET: NewPacket = {
  protocol: 'tcp',
  from: { address: ip('192.0.2.7'), port: 5000 },
  to: { address: ip('10.8.1.100'), port: 80 },
  device: 'eth0',
};

function fate(rules: readonly string[], { input = 'ACCEPT', output = 'ACCEPT', table = 'filter', way = 'input' as FilterWay } = {}) {
  const chains =
    table !== 'filter'
      ? ':PREROUTING ACCEPT [0:0]\n'
      : `:INPUT ${input} [0:0]\n:OUTPUT ${output} [0:0]\n:FORWARD ACCEPT [0:0]\n:f2b-web - [0:0]\n`;
  const text = `*${table}\n${chains}${rules.map((rule) => `-A ${rule}\n`).join('')}COMMIT\n`;
  const found = fateOf(iptablesChains(text, 'iptables'), PACKET, 'weir0', way);
  return [found.fate, ...found.rules];
}

test('a rule that is for this client drops it, one that is for others does not', () => {
  assert.deepEqual(fate(['INPUT -s 192.0.2.0/24 -j DROP']), ['dropped', '"-s 192.0.2.0/24 -j DROP" (iptables, filter INPUT)']);
  assert.deepEqual(fate(['INPUT -s 198.51.100.0/24 -j DROP']), ['accepted']);
  assert.deepEqual(fate(['INPUT -i eth1 -j DROP', 'INPUT -p udp -j DROP', 'INPUT -p tcp -m tcp --dport 22 -j DROP']), ['accepted']);
  assert.deepEqual(fate(['INPUT -s 192.0.2.7/32 -j ACCEPT', 'INPUT -j REJECT']), ['accepted']);
  const [policy, rule] = fate(['INPUT -s 198.51.100.0/24 -j ACCEPT'], { input: 'DROP' });
  assert.equal(policy, 'dropped');
  assert.match(rule ?? '', /^"policy drop, .* \(iptables, filter INPUT\)$/);
  // A chain of bans without one for this client.
  assert.deepEqual(fate(['INPUT -j f2b-web', 'f2b-web -s 198.51.100.9/32 -j REJECT', 'f2b-web -j RETURN']), ['accepted']);
});

test('what depends on more than the packet is not certain', () => {
  const limit = 'INPUT -p tcp -m limit --limit 5/sec -j DROP';
  assert.deepEqual(fate([limit]), ['uncertain', `"${limit.slice('INPUT '.length)}" (iptables, filter INPUT)`]);
  assert.equal(fate([limit, 'INPUT -s 192.0.2.7/32 -j DROP'])[0], 'dropped', 'by one of them');
});

test('a rule that leads it to another place, and OUTPUT on its way back to the datapath', () => {
  const rule = 'PREROUTING -d 10.8.1.100/32 -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 4000';
  assert.deepEqual(fate([rule], { table: 'nat' }), ['elsewhere', `"${rule.slice('PREROUTING '.length)}" (iptables, nat PREROUTING)`]);
  const [dropped, policy] = fate([], { output: 'DROP' });
  assert.equal(dropped, 'dropped');
  assert.match(policy ?? '', /^"policy drop, .* \(iptables, filter OUTPUT\) on its way back to the datapath by weir0$/);
  assert.deepEqual(fate(['OUTPUT -o weir0 -j ACCEPT'], { output: 'DROP' }), ['accepted']);
});

test('what a mark leads to the datapath meets PREROUTING and FORWARD, and neither INPUT nor OUTPUT', () => {
  const led = { input: 'DROP', output: 'DROP', way: 'forward' } as const;
  assert.deepEqual(fate([], led), ['accepted']);
  assert.deepEqual(fate(['FORWARD -o weir0 -j ACCEPT', 'FORWARD -j DROP'], led), ['accepted']);
  assert.deepEqual(fate(['FORWARD -i eth0 -j DROP'], led), ['dropped', '"-i eth0 -j DROP" (iptables, filter FORWARD)']);
  assert.equal(fate(['PREROUTING -s 192.0.2.7/32 -j DROP'], { table: 'raw', way: 'forward' })[0], 'dropped');
});
