// nft's JSON: matches, sets, verdicts; and that nothing in it can surprise.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ip } from '../../../test/support/doctor-facts.js';
import { readNft } from './nft-rules.js';

const payload = (protocol: string, field: string, right: unknown, op = '==') => ({
  match: { op, left: { payload: { protocol, field } }, right },
});
const rule = (expr: readonly unknown[], chain = 'in', table = 't') => ({ rule: { family: 'ip', table, chain, handle: 4, expr } });
const ruleset = (...items: readonly unknown[]) =>
  JSON.stringify({ nftables: [{ metainfo: {} }, { chain: { family: 'ip', table: 't', name: 'out', hook: 'output' } }, ...items] });

test('addresses, ports, ranges and sets', () => {
  const set = {
    set: {
      family: 'ip',
      table: 't',
      name: 'vips',
      elem: [{ prefix: { addr: '10.5.0.0', len: 28 } }, { elem: { val: '10.6.0.1', timeout: 5 } }],
    },
  };
  const rules = readNft(
    ruleset(
      set,
      rule([
        payload('ip', 'daddr', '@vips'),
        payload('tcp', 'dport', { set: [80, { range: [8000, 8080] }] }),
        { counter: {} },
        { drop: null },
      ]),
      rule([payload('ip', 'daddr', '10.5.0.9'), { dnat: { addr: '10.5.0.3' } }]),
      rule([{ match: { op: '==', left: { meta: { key: 'l4proto' } }, right: 'udp' } }, payload('th', 'dport', 53), { accept: null }]),
    ),
  );
  assert.deepEqual(rules, [
    {
      tool: 'nft',
      place: 'ip t in',
      text: 'ip daddr { 10.5.0.0/28, 10.6.0.1 } tcp dport { 80, 8000-8080 } drop',
      verdict: 'drop',
      protocol: 'tcp',
      destinations: [
        { address: ip('10.5.0.0'), prefixLength: 28 },
        { address: ip('10.6.0.1'), prefixLength: 32 },
      ],
      ports: [
        { from: 80, to: 80 },
        { from: 8000, to: 8080 },
      ],
    },
    {
      tool: 'nft',
      place: 'ip t in',
      text: 'ip daddr 10.5.0.9 dnat',
      verdict: 'nat',
      ports: [],
      destinations: [{ address: ip('10.5.0.9'), prefixLength: 32 }],
    },
    {
      tool: 'nft',
      place: 'ip t in',
      text: 'udp dport 53 accept',
      verdict: 'accept',
      protocol: 'udp',
      destinations: [],
      ports: [{ from: 53, to: 53 }],
    },
  ]);
});

test('outgoing chains, negations, marks, tables that iptables-save shows, and other rules are left out', () => {
  const drop = { drop: null };
  const vip = payload('ip', 'daddr', '10.5.0.9');
  assert.deepEqual(
    readNft(
      ruleset(
        rule([vip, drop], 'out'),
        rule([payload('ip', 'daddr', '10.5.0.9', '!='), drop]),
        rule([vip, { mangle: { key: { meta: { key: 'mark' } }, value: 1 } }]),
        rule([vip, { xt: null }]),
        rule([vip, drop], 'INPUT', 'filter'),
        rule([payload('ip', 'saddr', '10.5.0.9'), drop]),
      ),
      ['filter'],
    ),
    [],
  );
});

test('any text, and any JSON, is read or refused', () => {
  assert.equal(readNft('not JSON'), undefined);
  assert.equal(readNft('{}'), undefined);
  assert.deepEqual(
    readNft('{"nftables":[null, 1, {"rule":null}, {"rule":{"expr":[null,{"match":null}]}}, {"set":{"elem":[{"elem":1}]}}]}'),
    [],
  );
  fc.assert(
    fc.property(
      fc.json(),
      (json) =>
        void readNft(
          `{"nftables":[${json},{"rule":{"expr":[{"match":{"left":{"payload":{"protocol":"ip","field":"daddr"}},"right":${json}}}]}}]}`,
        ),
    ),
  );
});
