import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../test/support/ip.js';
import { droppingRules, markingRules } from './dropping.js';
import { iptablesChains } from './iptables-chains.js';
import type { Chain, PacketProbe } from './model.js';
import { nftChains } from './nft-chains.js';

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

const marking = (chains: readonly Chain[], ...marks: readonly number[]): readonly string[] =>
  markingRules(chains, PROBE, marks).map((by) => `${by.chain}: ${by.text}`);
const mangle = (...rules: readonly string[]): readonly Chain[] =>
  iptablesChains(
    `*mangle\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:WEB - [0:0]\n${rules.map((rule) => `-A ${rule}\n`).join('')}COMMIT\n`,
    'iptables',
  );

test('a rule that may give the packet the mark of a service is named, in chains before routing alone', () => {
  const rule = '-d 10.8.1.100/32 -p tcp -m tcp --dport 80 -j MARK --set-xmark 0x3/0xffffffff';
  assert.deepEqual(marking(mangle(`PREROUTING ${rule}`), 4, 3), [`PREROUTING: ${rule}`]);
  assert.deepEqual(marking(mangle(`PREROUTING ${rule}`), 4), []);
  assert.deepEqual(marking(mangle(`INPUT ${rule}`), 3), []);
  assert.deepEqual(marking(mangle(`PREROUTING ${rule.replace('80', '81')}`), 3), []);
  assert.deepEqual(marking(mangle('PREROUTING -s 192.0.2.0/24 -j WEB', `WEB ${rule}`), 3), [`WEB: ${rule}`]);
  assert.deepEqual(marking(mangle('PREROUTING -p tcp -j ACCEPT', `PREROUTING ${rule}`), 3), [], 'it is not reached');
});

test('a rule that writes some bits of the mark is named where the others may be there', () => {
  const written = (target: string, mark: number): number => marking(mangle(`PREROUTING -j MARK ${target}`), mark).length;
  assert.deepEqual(
    [
      ['--set-xmark 0x4000/0x4000', 3],
      ['--set-xmark 0x4000/0x4000', 0x4003],
      ['--set-mark 3', 3],
      ['--or-mark 0x80000000', 0x80000003],
      ['--or-mark 0x80000000', 3],
      ['--and-mark 0xff', 3],
      ['--and-mark 0xff', 0x103],
      ['--xor-mark 0x1', 3],
    ].map(([target, mark]) => written(String(target), Number(mark))),
    [0, 1, 1, 1, 0, 1, 0, 1],
  );
  assert.deepEqual(marking(mangle('PREROUTING -j CONNMARK --restore-mark'), 3), [], 'a new connection has none');
});

test('the same with nft', () => {
  const chains = (value: unknown): readonly Chain[] => {
    const chain = { family: 'ip', table: 't', name: 'pre' };
    const match = { op: '==', left: { payload: { protocol: 'tcp', field: 'dport' } }, right: 80 };
    const expr = [{ match }, { mangle: { key: { meta: { key: 'mark' } }, value } }];
    const nftables = [
      { chain: { ...chain, hook: 'prerouting', type: 'filter', prio: -150, policy: 'accept' } },
      { rule: { family: 'ip', table: 't', chain: 'pre', expr } },
    ];
    return nftChains(JSON.stringify({ nftables })) ?? [];
  };
  assert.equal(marking(chains(3), 3).length, 1);
  assert.deepEqual(marking(chains(5), 3), []);
  assert.equal(marking(chains({ '|': [{ meta: { key: 'mark' } }, 1] }), 3).length, 1, 'what is written is not known');
  assert.deepEqual(marking(chains({ ct: { key: 'mark' } }), 3), []);
});
