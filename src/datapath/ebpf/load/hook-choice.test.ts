// By which hooks interfaces are attached, and why some have tc alone.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Link, LinkHardware } from '../../../wire/rtnetlink-link.js';
import { type AttachMode, hooksOf, withoutXdp } from './hook-choice.js';

const link = (ifindex: number, name: string, rest: Partial<Link> = {}): Link => ({
  ...{ ifindex, name, flags: 0, hardware: LinkHardware.ethernet, mtu: 1500 },
  ...rest,
});
const vlan = (ifindex: number, name: string, lower: number, rest: Partial<Link> = {}): Link =>
  link(ifindex, name, { kind: 'vlan', lower, ...rest });

const MODES: readonly AttachMode[] = ['auto', 'tc', 'xdp'];
const [CARD, OTHER] = [link(2, 'eth0'), link(3, 'eth1')];

/** In which modes it has XDP. */
const withXdp = (one: Link, links: readonly Link[]): readonly AttachMode[] =>
  MODES.filter((mode) => hooksOf(one, links, mode).includes('xdp'));

test('a card has XDP unless the mode is tc, other devices in the mode xdp alone', () => {
  assert.deepEqual(withXdp(CARD, [CARD, OTHER]), ['auto', 'xdp']);
  assert.deepEqual(withXdp(link(4, 'veth0', { kind: 'veth' }), [CARD]), ['xdp']);
  assert.deepEqual(withXdp(link(1, 'lo', { hardware: LinkHardware.loopback }), [CARD]), []);
  assert.deepEqual(withXdp(link(5, 'wg0', { hardware: LinkHardware.none }), [CARD]), []);
  for (const mode of MODES) assert.deepEqual(hooksOf(CARD, [CARD], mode).slice(0, 2), ['ingress', 'egress']);
});

test('a VLAN, and what has VLANs on top, has tc alone in each mode, and it is reported where the mode wants XDP', () => {
  const [lan, inner] = [vlan(10, 'eth0.5', 2), vlan(11, 'eth0.5.7', 10)];
  const links = [CARD, OTHER, lan, inner];
  for (const one of [CARD, lan, inner]) assert.deepEqual(withXdp(one, links), [], one.name);
  assert.deepEqual(withXdp(OTHER, links), ['auto', 'xdp'], 'a card without any');
  const alone = (mode: AttachMode) => withoutXdp(links, mode).map(({ what, obstacle }) => `${what} ${obstacle}`);
  assert.deepEqual(alone('auto'), ['eth0 vlan']);
  assert.deepEqual(alone('tc'), []);
  assert.deepEqual(alone('xdp'), ['eth0 vlan', 'eth0.5 vlan', 'eth0.5.7 vlan']);
  const many = [CARD, ...[1, 2, 3, 4, 5].map((k) => vlan(10 + k, `v${k}`, 2))];
  assert.match(withoutXdp(many, 'auto')[0]?.why ?? '', /^it has VLANs on top \(v1, v2, v3, 2 more\), and /);
});

test('a kind of interface that no driver has XDP for has tc alone, and is reported in the mode xdp', () => {
  const links = ['bridge', 'macvlan', 'dummy', 'bond', 'veth'].map((kind, k) => link(20 + k, kind, { kind }));
  const xdp = links.filter((one) => withXdp(one, links).length > 0).map(({ name }) => name);
  assert.deepEqual(xdp, ['bond', 'veth']);
  const why = 'no driver has XDP for interfaces of the kind bridge';
  assert.deepEqual(withoutXdp(links, 'xdp')[0], { what: 'bridge', why, obstacle: 'kind' });
  assert.equal(withoutXdp(links, 'xdp').length, 3);
  assert.deepEqual(withoutXdp(links, 'auto'), []);
});

test('a VLAN whose lower device is in another namespace is on none of these', () => {
  const moved = vlan(10, 'eth0.5', 2, { peerNamespace: 0 });
  assert.deepEqual(withXdp(CARD, [CARD, moved]), ['auto', 'xdp']);
  assert.deepEqual(withXdp(moved, [CARD, moved]), []);
});
