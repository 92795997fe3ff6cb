import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../test/support/doctor-facts.js';
import { blocking, lettingPass, type PacketProbe } from './packet-filter.js';

const probe: PacketProbe = { way: 'in', device: 'ens32', source: ip('172.16.1.128'), destination: ip('224.0.0.18'), protocol: 'vrrp' };
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
const text = (json: string, more: Partial<PacketProbe> = {}) => blocking(json, { ...probe, ...more })?.text;

test('a rule that drops the group, the protocol, or the peer', () => {
  assert.equal(text(input([[destination('224.0.0.18'), drop]])), 'ip daddr 224.0.0.18 drop');
  assert.equal(text(input([[vrrp, { counter: {} }, drop]])), 'l4proto vrrp drop');
  assert.equal(text(input([[source({ prefix: { addr: '172.16.1.0', len: 24 } }), { reject: null }]])), 'ip saddr 172.16.1.0/24 reject');
  assert.equal(text(input([[destination({ set: ['224.0.0.18', '224.0.0.22'] }), drop]])), 'ip daddr { 224.0.0.18, 224.0.0.22 } drop');
  assert.equal(text(input([[destination('10.0.0.1', '!='), drop]])), 'ip daddr != 10.0.0.1 drop');
});

test('a policy of drop that nothing before it lifts', () => {
  const established = match({ ct: { key: 'state' } }, ['established', 'related'], 'in');
  const ssh = [match(payload('tcp', 'dport'), 22), accept];
  assert.match(text(input([[established, accept], ssh], 'drop')) ?? '', /^policy drop/);
  assert.equal(text(input([[established, accept], ssh, [vrrp, accept]], 'drop')), undefined);
});

test('what passes: other addresses, other devices, an accept before it, another way', () => {
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
  assert.equal(text(input([[vrrp, drop]]), { way: 'out' }), undefined);
  assert.equal(text(input([[vrrp, drop]]), { protocol: 'ah' }), undefined);
  assert.equal(text(ruleset({ name: 'OUTPUT', hook: 'output', rules: [[vrrp, drop]] }), { way: 'out' }), 'l4proto vrrp drop');
});

test('chains are followed, and come back', () => {
  const chains = (inner: ChainText['rules']) =>
    ruleset(
      { name: 'INPUT', hook: 'input', rules: [[{ jump: { target: 'own' } }], [destination('224.0.0.18'), drop]] },
      { name: 'own', rules: inner },
    );
  assert.equal(text(chains([[vrrp, drop]])), 'l4proto vrrp drop');
  assert.equal(text(chains([[vrrp, accept]])), undefined);
  assert.equal(text(chains([[vrrp, { return: null }]])), 'ip daddr 224.0.0.18 drop');
  assert.equal(blocking(chains([[vrrp, drop]]), probe)?.chain, 'own');
  // A ring of chains, as a broken tool might print it, ends.
  assert.equal(text(ruleset({ name: 'INPUT', hook: 'input', rules: [[{ jump: { target: 'INPUT' } }]] })), undefined);
});

test('what cannot be judged for certain is blamed for nothing', () => {
  assert.equal(text(input([[match({ meta: { key: 'mark' } }, 5), drop]])), undefined);
  assert.equal(text(input([[{ xt: { type: 'match' } }, drop]])), undefined);
  assert.equal(
    text(
      input([
        [source('@bad'), drop],
        [vrrp, drop],
      ]),
    ),
    undefined,
  );
  assert.equal(text('no JSON'), undefined);
});

test('the mend speaks the language of whoever keeps the chain', () => {
  const where = { family: 'ip', table: 'filter', chain: 'INPUT', text: '' };
  assert.equal(
    lettingPass(where, 'in', ip('172.16.1.128'), ip('224.0.0.18')),
    'iptables -I INPUT -p 112 -s 172.16.1.128 -d 224.0.0.18 -j ACCEPT',
  );
  assert.match(
    lettingPass({ ...where, family: 'inet', chain: 'input' }, 'in', ip('172.16.1.128'), ip('224.0.0.18')),
    /^nft insert rule inet filter input ip saddr 172\.16\.1\.128 ip daddr 224\.0\.0\.18 ip protocol 112 accept/,
  );
});
