// What leads from the VIPs that weir has added to those of a document.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../test/support/ip.js';
import { failure, failureLine } from '../../model/errors/weir-error.js';
import { addressId } from '../../model/identity.js';
import type { WantedVip } from '../../model/vip.js';
import { planVips, presentVips, type VipFacts, vipDrift } from './plan-vips.js';

const wan = { name: 'wan', ifindex: 2, up: true, loopback: false, hasIpv6: true };
const dmz = { ...wan, name: 'dmz', ifindex: 3 };
const at = (last: number, more: Partial<VipFacts['host']['addresses'][number]> = {}) => ({
  ...{ ifindex: 2, address: ip(`10.4.0.${last}`), prefixLength: 32, label: `wan:${last}`, secondary: false },
  ...more,
});
const savedAt = (last: number) => ({ address: `10.4.0.${last}`, prefixLength: 32, interface: 'wan', label: `wan:${last}` });
const facts: VipFacts = {
  host: { interfaces: [wan, dmz], addresses: [at(1), at(2), at(9)] },
  saved: [savedAt(1), savedAt(2)],
  managed: new Map(),
};
const vip = (last: number, more: Partial<WantedVip> = {}): WantedVip => ({
  ...{ address: ip(`10.4.0.${last}`), prefixLength: 32, interface: 'wan' },
  ...more,
});
const kinds = (wanted: readonly WantedVip[], of = facts, options = {}): readonly string[] =>
  planVips(wanted, of, options).changes.map(({ kind, vip: { address } }) => `${kind} ${address.words.map((word) => word & 255).join()}`);
const refused = (wanted: readonly WantedVip[], of = facts): readonly string[] =>
  planVips(wanted, of).refused.map((one) => failureLine(one.failure));

test('what the document lacks goes, what it has comes, and the rest stays', () => {
  assert.deepEqual(kinds([vip(1), vip(3)]), ['delete-vip 2', 'add-vip 3']);
  assert.deepEqual(kinds([vip(1), vip(2, { label: 'wan:2' })]), []);
  assert.deepEqual(kinds([]), ['delete-vip 1', 'delete-vip 2']);
  assert.deepEqual(kinds([], facts, { keepOthers: true }), []);
});

test('another interface, prefix length or label is an edit: it is taken, then put', () => {
  for (const [more, what, to] of [
    [{ interface: 'dmz' }, 'interface', 'dmz'],
    [{ prefixLength: 24 }, 'prefix length', '24'],
    [{ label: 'wan:web' }, 'label', 'wan:web'],
  ] as const) {
    const { changes } = planVips([vip(1, more), vip(2)], facts);
    const [change] = changes;
    assert.deepEqual([changes.length, change?.kind], [1, 'edit-vip']);
    assert.deepEqual(
      change?.differences.map((one) => [one.what, one.to]),
      [[what, to]],
    );
    assert.deepEqual(
      change?.steps.map(({ kind }) => kind),
      ['take', 'put'],
    );
    assert.deepEqual(
      vipDrift({ changes, staying: [], refused: [] }).map(({ kind, differences }) => [kind, differences[0]?.from]),
      [['changed', to]],
    );
  }
});

test('what weir did not add stays, and cannot be elsewhere', () => {
  const { changes, staying } = planVips([vip(1), vip(2), vip(9, { label: 'wan:other' })], facts);
  assert.deepEqual([changes, staying.map(({ keptFor }) => keptFor)], [[], [undefined, undefined, 'weir did not add it']]);
  assert.match(refused([vip(9, { interface: 'dmz' })])[0] ?? '', /^10\.4\.0\.9\/32 is on wan already/);
});

test('a label that a VIP gives up is free for another one, and no two of a document have the same', () => {
  assert.deepEqual(refused([vip(1), vip(7, { label: 'wan:2' })]), []);
  assert.deepEqual(refused([vip(1), vip(2), vip(7, { label: 'wan:x' }), vip(8, { label: 'wan:x' })]), ["label wan:x is 10.4.0.7's"]);
});

test('what cannot be is refused with its reason', () => {
  assert.match(refused([vip(7, { interface: 'lan' })])[0] ?? '', /no such interface: lan/);
  const why = failure('document-vip-of-vrrp', { address: '10.4.0.7', instance: 'WEB', file: '/etc/keepalived/keepalived.conf' });
  const managed = new Map([[addressId(ip('10.4.0.7')), why]]);
  assert.match(refused([vip(7)], { ...facts, managed })[0] ?? '', /^WEB of .* manages 10\.4\.0\.7/);
});

test('what VRRP manages meanwhile is not taken away from the master', () => {
  const why = failure('document-vip-of-vrrp', { address: '10.4.0.2', instance: 'WEB', file: '/etc/keepalived/keepalived.conf' });
  const { changes, staying } = planVips([vip(1)], { ...facts, managed: new Map([[addressId(ip('10.4.0.2')), why]]) });
  assert.deepEqual([changes, staying.map(({ keptFor }) => keptFor)], [[], ['VRRP manages it now', undefined]]);
});

test('those that are there are the document of no change', () => {
  const present = presentVips(facts);
  assert.deepEqual(
    present.map(({ address }) => address),
    [ip('10.4.0.1'), ip('10.4.0.2')],
  );
  assert.deepEqual(planVips(present, facts).changes, []);
  const gone = { ...facts, host: { ...facts.host, addresses: [at(2)] } };
  assert.deepEqual([presentVips(gone).length, kinds([vip(1), vip(2)], gone)], [1, ['add-vip 1']]);
});
