import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../test/support/ip.js';
import { blockingRule } from './blocking.js';
import type { PacketProbe } from './model.js';
import { nftChains } from './nft-chains.js';

const probe: PacketProbe = {
  direction: 'in',
  interfaceName: 'ens32',
  source: ip('172.16.1.128'),
  destination: ip('224.0.0.18'),
  protocol: 'vrrp',
};
const match = (left: unknown, right: unknown, op = '==') => ({ match: { op, left, right } });
const payload = (protocol: string, field: string) => ({ payload: { protocol, field } });
const destination = (right: unknown, op?: string) => match(payload('ip', 'daddr'), right, op);
const source = (right: unknown) => match(payload('ip', 'saddr'), right);
const vrrp = match({ meta: { key: 'l4proto' } }, 'vrrp');
const drop = { drop: null };
const accept = { accept: null };

interface ChainText {
  readonly name: string;
  readonly hook?: string;
  readonly policy?: string;
  readonly rules: readonly (readonly unknown[])[];
}

const ruleset = (...chains: readonly ChainText[]): string =>
  JSON.stringify({
    nftables: [
      { metainfo: {} },
      ...chains.map(({ name, hook, policy }) => ({ chain: { family: 'ip', table: 'filter', name, hook, policy } })),
      ...chains.flatMap(({ name, rules }) => rules.map((expr) => ({ rule: { family: 'ip', table: 'filter', chain: name, expr } }))),
    ],
  });

const input = (rules: ChainText['rules'], policy = 'accept'): string => ruleset({ name: 'INPUT', hook: 'input', policy, rules });
const text = (json: string, more: Partial<PacketProbe> = {}) => blockingRule(nftChains(json) ?? [], { ...probe, ...more })?.text;

test('a rule that drops the group, the protocol, or the peer', () => {
  assert.equal(text(input([[destination('224.0.0.18'), drop]])), 'ip daddr 224.0.0.18 drop');
  assert.equal(text(input([[vrrp, { counter: {} }, drop]])), 'l4proto vrrp drop');
  assert.equal(text(input([[source({ prefix: { addr: '172.16.1.0', len: 24 } }), { reject: null }]])), 'ip saddr 172.16.1.0/24 reject');
  assert.equal(text(input([[destination({ set: ['224.0.0.18', '224.0.0.22'] }), drop]])), 'ip daddr { 224.0.0.18, 224.0.0.22 } drop');
  assert.equal(text(input([[destination('10.0.0.1', '!='), drop]])), 'ip daddr != 10.0.0.1 drop');
});

test('a policy of drop without a rule that accepts', () => {
  const established = match({ ct: { key: 'state' } }, ['established', 'related'], 'in');
  const ssh = [match(payload('tcp', 'dport'), 22), accept];
  assert.match(text(input([[established, accept], ssh], 'drop')) ?? '', /^policy drop/);
  assert.equal(text(input([[established, accept], ssh, [vrrp, accept]], 'drop')), undefined);
});

test('what passes: other addresses, other interfaces, an earlier accept, the other direction', () => {
  assert.equal(text(input([[destination('224.0.0.22'), drop]])), undefined);
  assert.equal(text(input([[match({ meta: { key: 'iifname' } }, 'ens33'), drop]])), undefined);
  assert.equal(
    text(
      input([
        [vrrp, accept],
        [destination('224.0.0.18'), drop],
      ]),
    ),
    undefined,
  );
  assert.equal(text(input([[vrrp, drop]]), { direction: 'out' }), undefined);
  assert.equal(text(input([[vrrp, drop]]), { protocol: 'ah' }), undefined);
  assert.equal(text(ruleset({ name: 'OUTPUT', hook: 'output', rules: [[vrrp, drop]] }), { direction: 'out' }), 'l4proto vrrp drop');
});

test('jumps and returns between chains are followed', () => {
  const chains = (inner: ChainText['rules']) =>
    ruleset(
      { name: 'INPUT', hook: 'input', rules: [[{ jump: { target: 'own' } }], [destination('224.0.0.18'), drop]] },
      { name: 'own', rules: inner },
    );
  assert.equal(text(chains([[vrrp, drop]])), 'l4proto vrrp drop');
  assert.equal(text(chains([[vrrp, accept]])), undefined);
  assert.equal(text(chains([[vrrp, { return: null }]])), 'ip daddr 224.0.0.18 drop');
  const { chain, base } = blockingRule(nftChains(chains([[vrrp, drop]])) ?? [], probe) ?? {};
  assert.deepEqual([chain, base], ['own', 'INPUT']);
  // A loop of chains, as a faulty tool might print it, terminates.
  assert.equal(text(ruleset({ name: 'INPUT', hook: 'input', rules: [[{ jump: { target: 'INPUT' } }]] })), undefined);
});

test('a rule that cannot be evaluated with certainty is not reported', () => {
  assert.equal(text(input([[match({ meta: { key: 'mark' } }, 5), drop]])), undefined);
  assert.equal(text(input([[{ xt: { type: 'match' } }, drop]])), undefined);
  assert.equal(
    text(
      input([
        [source('@good'), accept],
        [vrrp, drop],
      ]),
    ),
    undefined,
  );
  assert.equal(
    text(
      input([
        [source('@bad'), drop],
        [vrrp, drop],
      ]),
    ),
    'l4proto vrrp drop',
    'behind what may drop some, what drops all',
  );
  assert.equal(text('no JSON'), undefined);
});

test('named sets, ranges, verdict maps, address types, interface patterns', () => {
  const named = (elements: readonly unknown[], flags: readonly string[] = []): string => {
    const listed = JSON.parse(input([[source('@bad'), drop]])) as { readonly nftables: readonly unknown[] };
    const set = { set: { family: 'ip', table: 'filter', name: 'bad', type: 'ipv4_addr', flags, elem: elements } };
    return JSON.stringify({ nftables: [...listed.nftables, set] });
  };
  assert.equal(text(named([{ prefix: { addr: '172.16.0.0', len: 12 } }])), 'ip saddr @bad drop');
  assert.equal(text(named([{ elem: { val: '172.16.1.128', timeout: 60 } }])), 'ip saddr @bad drop');
  assert.equal(text(named(['10.0.0.1'])), undefined);
  assert.equal(text(named(['172.16.1.128'], ['dynamic'])), undefined, 'a set that packets fill is not known');
  assert.equal(text(input([[source({ range: ['172.16.1.100', '172.16.1.200'] }), drop]])), 'ip saddr 172.16.1.100-172.16.1.200 drop');
  assert.equal(text(input([[source({ range: ['172.16.1.129', '172.16.1.200'] }), drop]])), undefined);
  const state = (...pairs: readonly unknown[]) => ({ vmap: { key: { ct: { key: 'state' } }, data: { set: pairs } } });
  assert.equal(
    text(input([[state(['invalid', { drop: null }], ['established', accept])]], 'drop')),
    'policy drop, and no rule before it lets them pass',
  );
  assert.equal(text(input([[state(['invalid', accept], ['new', drop])]])), 'ct state vmap …');
  const type = { fib: { result: 'type', flags: ['daddr'] } };
  assert.equal(text(input([[match(type, { set: ['multicast', 'broadcast'] }), drop]])), 'fib daddr type { multicast, broadcast } drop');
  assert.equal(text(input([[match(type, 'local', '!='), drop]]), { destination: ip('172.16.1.129') }), undefined);
  assert.equal(text(input([[match({ meta: { key: 'iifname' } }, 'ens*'), drop]])), 'iifname ens* drop');
});

test('IPv6 has its own tables and keywords', () => {
  const six = { source: ip('fe80::2'), destination: ip('ff02::12') };
  const listed = (family: string, expr: readonly unknown[]): string =>
    JSON.stringify({
      nftables: [
        { chain: { family, table: 'f', name: 'in', hook: 'input', policy: 'accept' } },
        { rule: { family, table: 'f', chain: 'in', expr } },
      ],
    });
  const next = match(payload('ip6', 'nexthdr'), 112);
  assert.equal(text(listed('inet', [next, drop]), six), 'ip6 nexthdr 112 drop');
  assert.equal(
    text(listed('ip6', [match(payload('ip6', 'saddr'), { prefix: { addr: 'fe80::', len: 10 } }), drop]), six),
    'ip6 saddr fe80::/10 drop',
  );
  assert.equal(text(listed('inet', [match(payload('ip6', 'daddr'), 'ff02::13'), drop]), six), undefined);
  assert.equal(text(listed('ip6', [next, drop])), undefined, 'IPv4 does not pass there');
  assert.equal(text(listed('inet', [next, drop])), undefined);
  assert.equal(text(listed('inet', [match(payload('ip', 'protocol'), 'vrrp'), drop]), six), undefined);
});
