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
  anyOpening: true,
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

test('a chain in which a program has rules only while it bans someone is named without them', () => {
  const text = '*filter\n:INPUT ACCEPT [0:0]\n:f2b-web - [0:0]\n-A INPUT -p tcp -m multiport --dports 80 -j f2b-web\nCOMMIT\n';
  const rules = (listed: string) => droppingRules(iptablesChains(listed, 'iptables'), PROBE).map((by) => `${by.chain}: ${by.text}`);
  assert.deepEqual(rules(text), ['f2b-web: its rules come and go with bans']);
  assert.deepEqual(rules(text.replace('--dports 80', '--dports 22')), []);
  // With nft the rule is always there, with a set.
  const base = { family: 'inet', table: 'f2b-table', name: 'f2b-chain', hook: 'input', type: 'filter', prio: -1, policy: 'accept' };
  assert.deepEqual(droppingRules(nftChains(JSON.stringify({ nftables: [{ chain: base }] })) ?? [], PROBE), []);
});

test('a comment in quotes negates no condition behind it', () => {
  const rule = 'INPUT -p tcp -m comment --comment "!" -m tcp --dport 80 -j DROP';
  assert.deepEqual(dropping('ACCEPT', rule), [rule.replace('INPUT ', 'INPUT: ')]);
});

test('a base chain that nft has made in a table of iptables is named', () => {
  const place = { family: 'ip', table: 'filter' };
  const chains = (name: string): unknown => ({ chain: { ...place, name, hook: 'input', type: 'filter', prio: -10, policy: 'drop' } });
  const named = (name: string) => droppingRules(nftChains(JSON.stringify({ nftables: [chains(name)] }), ['ip filter']) ?? [], PROBE).length;
  assert.deepEqual([named('early'), named('INPUT')], [1, 0], 'iptables-save shows INPUT');
});

test('a target or statement that is not known to accept, or to go on, may drop', () => {
  for (const target of ['NFQUEUE --queue-num 1', 'SYNPROXY --mss 1460', 'TARPIT', 'SOMETHING']) {
    const rule = `INPUT -p tcp -m tcp --dport 80 -j ${target}`;
    assert.deepEqual(dropping('ACCEPT', rule), [rule.replace('INPUT ', 'INPUT: ')]);
    assert.deepEqual(dropping('ACCEPT', rule.replace('--dport 80', '--dport 22')), []);
  }
  const left = { payload: { protocol: 'tcp', field: 'dport' } };
  const chain = { chain: { family: 'ip', table: 't', name: 'in', hook: 'input', type: 'filter', prio: 0, policy: 'accept' } };
  const named = (right: number, statement: unknown): number => {
    const rule = { family: 'ip', table: 't', chain: 'in', expr: [{ match: { op: '==', left, right } }, statement] };
    return droppingRules(nftChains(JSON.stringify({ nftables: [chain, { rule }] })) ?? [], PROBE).length;
  };
  for (const statement of [{ queue: { num: 5 } }, { queue: null }, { synproxy: {} }, { fwd: {} }, { xt: {} }, { something: null }]) {
    assert.deepEqual([named(80, statement), named(22, statement)], [1, 0], JSON.stringify(statement));
  }
  for (const statement of [{ counter: null }, { log: null }, { limit: { rate: 1 } }, { notrack: null }, { accept: null }]) {
    assert.equal(named(80, statement), 0, JSON.stringify(statement));
  }
});

test('a rule that sends packets elsewhere is named', () => {
  const nat = (rule: string): string => `*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING ${rule}\nCOMMIT\n`;
  const rules = (rule: string) =>
    droppingRules(iptablesChains(nat(rule), 'iptables'), PROBE).map(({ text, translates }) => [text, translates]);
  const some = '-s 192.0.2.0/24 -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 9999';
  assert.deepEqual(rules(some), [[some, true]]);
  assert.deepEqual(rules(some.replace('80', '81')), []);
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

const ALL = '--nfmask 0xffffffff --ctmask 0xffffffff';
const RESTORE = `PREROUTING -j CONNMARK --restore-mark ${ALL}`;
const SAVE = `PREROUTING -j CONNMARK --save-mark ${ALL}`;

test('a mark that one rule stores in the connection, and another one restores for the same packet, is found', () => {
  const stored = 'PREROUTING -d 10.8.1.100/32 -p tcp -j CONNMARK --set-xmark 0x3/0xffffffff';
  const restored = RESTORE.replace('PREROUTING ', 'PREROUTING: ');
  assert.deepEqual(marking(mangle(stored, RESTORE), 3), [restored]);
  assert.deepEqual(marking(mangle(stored, RESTORE), 4), [], 'another mark');
  assert.deepEqual(marking(mangle(stored), 3), [], 'it stays in the connection');
  assert.deepEqual(marking(mangle(RESTORE, stored), 3), [], 'restored before: by the next packet, which has its connection here');
  assert.deepEqual(marking(mangle(stored.replace('100', '99'), RESTORE), 3), [], 'stored for another service');
  assert.deepEqual(marking(mangle(stored.replace('-d 10.8.1.100/32', '-s 192.0.2.0/24'), RESTORE), 3), [restored], 'for some clients');
  assert.deepEqual(
    marking(mangle(stored, RESTORE.replace('-j', '-m conntrack --ctstate ESTABLISHED -j')), 3),
    [],
    'of later packets alone',
  );
  const chained = mangle('PREROUTING -s 192.0.2.0/24 -j WEB', 'WEB -j CONNMARK --set-xmark 0x3/0xffffffff', RESTORE);
  assert.deepEqual(marking(chained, 3), [restored], 'in a chain of its own');
});

test('the usual ruleset of several uplinks: what is restored is what the rules themselves may give', () => {
  const uplinks = mangle(
    RESTORE,
    'PREROUTING -m mark ! --mark 0x0 -j ACCEPT',
    'PREROUTING -i eth0 -j MARK --set-xmark 0x1/0xffffffff',
    'PREROUTING -i eth1 -j MARK --set-xmark 0x2/0xffffffff',
    SAVE,
    RESTORE,
  );
  const restored = RESTORE.replace('PREROUTING ', 'PREROUTING: ');
  assert.deepEqual(marking(uplinks, 1), ['PREROUTING: -i eth0 -j MARK --set-xmark 0x1/0xffffffff', restored]);
  assert.deepEqual(marking(uplinks, 2), [], 'the packet came by eth0');
  assert.deepEqual(marking(uplinks, 3), []);
});

test('masks choose the bits that are stored and restored', () => {
  const by = (store: string, restore: string, mark: number): number =>
    marking(mangle(`PREROUTING -j CONNMARK ${store}`, `PREROUTING -j CONNMARK ${restore}`), mark).length;
  const restoring = `--restore-mark ${ALL}`;
  assert.equal(by('--set-xmark 0x13/0xff', restoring, 0x13), 1);
  assert.equal(by('--set-xmark 0x13/0xff', restoring, 0x113), 1, 'other bits may be there');
  assert.equal(by('--set-xmark 0x13/0xff', restoring, 0x12), 0);
  assert.equal(by('--set-xmark 0x13/0xffffffff', '--restore-mark --nfmask 0xffffffff --ctmask 0xf', 3), 1);
  assert.equal(by('--set-xmark 0x13/0xffffffff', '--restore-mark --nfmask 0xffffffff --ctmask 0xf', 0x13), 0);
  assert.equal(by('--or-mark 0x3', restoring, 3), 1);
  assert.equal(by('--set-xmark 0xc/0xffffffff', `${restoring} --right-shift-mark 2`, 3), 1, 'what a shift makes is not worked out');
  const kept = mangle(
    'PREROUTING -j MARK --set-xmark 0x13/0xffffffff',
    'PREROUTING -j CONNMARK --save-mark --nfmask 0xf --ctmask 0xffffffff',
    'PREROUTING -j MARK --set-xmark 0x0/0xffffffff',
    RESTORE,
  );
  assert.deepEqual(marking(kept, 3), [RESTORE.replace('PREROUTING ', 'PREROUTING: ')]);
});

test('before connection tracking there is no connection, and rules that copy to and fro end in any mark', () => {
  const raw = iptablesChains(
    '*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -j CONNMARK --set-xmark 0x3/0xffffffff\nCOMMIT\n' +
      `*mangle\n:PREROUTING ACCEPT [0:0]\n-A ${RESTORE}\nCOMMIT\n`,
    'iptables',
  );
  assert.deepEqual(marking(raw, 3), []);
  const many = Array.from({ length: 80 }, (_, index) => `PREROUTING -j CONNMARK --set-xmark 0x${(index + 16).toString(16)}/0xffffffff`);
  assert.equal(marking(mangle(...many, RESTORE), 3).length, 1, 'too many to be distinguished');
});

const [META, CT] = [{ meta: { key: 'mark' } }, { ct: { key: 'mark' } }];

/** What a rule sets, and to what. */
type Sets = readonly (readonly [key: unknown, value: unknown])[];

function nftRules(...rules: readonly Sets[]): readonly Chain[] {
  const chain = { family: 'ip', table: 't', name: 'pre' };
  const match = { op: '==', left: { payload: { protocol: 'tcp', field: 'dport' } }, right: 80 };
  const nftables = [
    { chain: { ...chain, hook: 'prerouting', type: 'filter', prio: -150, policy: 'accept' } },
    ...rules.map((sets) => {
      const expr = [{ match }, ...sets.map(([key, value]) => ({ mangle: { key, value } }))];
      return { rule: { family: 'ip', table: 't', chain: 'pre', expr } };
    }),
  ];
  return nftChains(JSON.stringify({ nftables })) ?? [];
}

test('the same with nft', () => {
  const chains = (value: unknown): readonly Chain[] => nftRules([[META, value]]);
  assert.equal(marking(chains(3), 3).length, 1);
  assert.deepEqual(marking(chains(5), 3), []);
  assert.deepEqual(marking(chains({ '|': [META, 1] }), 3), [], 'a new packet has no mark');
  assert.equal(marking(chains({ '|': [META, 3] }), 3).length, 1);
  assert.equal(marking(chains({ map: { key: META, data: '@marks' } }), 3).length, 1, 'what is written is not known');
  assert.deepEqual(marking(chains(CT), 3), []);
  const count = (...rules: readonly Sets[]): number => marking(nftRules(...rules), 3).length;
  assert.equal(count([[CT, 3]], [[META, CT]]), 1, 'ct mark set 3; meta mark set ct mark');
  assert.equal(count([[META, CT]], [[CT, 3]]), 0, 'in the other order');
  assert.equal(
    count([
      [CT, 3],
      [META, CT],
    ]),
    1,
    'in one rule',
  );
  assert.equal(count([[META, 0x103]], [[CT, META]], [[META, 0]], [[META, { '&': [CT, 0xff] }]]), 1, 'saved, and restored in part');
  assert.equal(count([[META, 0x103]], [[CT, META]], [[META, CT]]), 0);
  assert.equal(count([[CT, { '|': [{ '&': [META, 0xff] }, 2] }]], [[META, { '^': [CT, 1] }]]), 1);
  assert.equal(count([[CT, { '|': [CT, META] }]], [[META, CT]]), 1, 'of two marks: not worked out');
});
