import assert from 'node:assert/strict';
import { test } from 'node:test';
import { oneInstance } from '../../../../test/support/keepalived-configuration.js';
import type { Authentication, VrrpInstance } from '../../../model/keepalived/instance.js';
import { HeartbeatKeys } from './heartbeat-keys.js';

const peer = { family: 'inet', words: [0x0a000002] } as const;
const having = (authentication: Authentication): VrrpInstance => ({ ...oneInstance, authentication });
const open = having({ kind: 'none' });
const closed = having({ kind: 'pass', password: 'secret' });

test('without authentication a heartbeat is believed as it is, and may come again', () => {
  const bytes = new HeartbeatKeys().encode(open, 'master', 100) ?? new Uint8Array();
  const ours = new HeartbeatKeys();
  for (let n = 0; n < 2; n++) assert.equal(ours.decode(bytes, peer, [open])?.heartbeat.state, 'master');
});

test('with authentication only heartbeats with a valid MAC, each once, and never our own', () => {
  const theirs = new HeartbeatKeys(() => 1_000_000);
  const ours = new HeartbeatKeys();
  const first = theirs.encode(closed, 'master', 100) ?? new Uint8Array();
  const second = theirs.encode(closed, 'backup', 100) ?? new Uint8Array();
  assert.equal(ours.decode(first, peer, [closed])?.heartbeat.state, 'master');
  assert.equal(ours.decode(first, peer, [closed]), undefined, 'played again');
  assert.equal(ours.decode(second, peer, [closed])?.heartbeat.state, 'backup');
  assert.equal(ours.decode(first, peer, [closed]), undefined, 'played again later');
  assert.equal(ours.decode(ours.encode(closed, 'master', 255) ?? new Uint8Array(), peer, [closed]), undefined, 'sent back');
  const fresh = theirs.encode(closed, 'master', 100) ?? new Uint8Array();
  for (let at = 0; at < fresh.length; at++) {
    const forged = fresh.map((byte, index) => (index === at ? byte ^ 1 : byte));
    assert.equal(ours.decode(forged, peer, [closed]), undefined, `byte ${at}`);
  }
  assert.equal(ours.decode(fresh, peer, [having({ kind: 'pass', password: 'other' })]), undefined, 'another password');
  assert.equal(ours.decode(theirs.encode(open, 'master', 255) ?? new Uint8Array(), peer, [closed]), undefined, 'not authenticated');
  assert.equal(ours.decode(fresh, peer, [closed])?.heartbeat.priority, 100);
});

test('of several keys the active one is sent with and each is accepted; without a key nothing is sent', () => {
  const keys = (activeKey: number, ...ids: readonly number[]): VrrpInstance =>
    having({
      kind: 'hmac',
      keys: ids.map((id) => ({ id, hex: `0${id}`.repeat(32) })),
      activeKey,
      antiReplay: 'time',
      timeWindowUs: 1e6,
      mode: 'enforce',
    });
  const bytes = new HeartbeatKeys().encode(keys(2, 1, 2), 'master', 9) ?? new Uint8Array();
  const old = keys(1, 1, 2);
  assert.equal(new HeartbeatKeys().decode(bytes, peer, [old])?.heartbeat.priority, 9);
  const without = keys(1, 1);
  assert.equal(new HeartbeatKeys().decode(bytes, peer, [without]), undefined);
  assert.equal(new HeartbeatKeys().encode(keys(1), 'master', 9), undefined);
});

test('a peer whose clock was ahead, was set and that was started again is accepted; its old heartbeats are not', () => {
  const hour = 3_600_000;
  const today = 20_000 * 24 * hour;
  const ours = new HeartbeatKeys(() => today);
  const logged = (at: number): Uint8Array => new HeartbeatKeys(() => at).encode(closed, 'master', 100) ?? new Uint8Array();
  const hears = (bytes: Uint8Array): boolean => ours.decode(bytes, peer, [closed]) !== undefined;
  const [old, soon] = [logged(today - hour), logged(today + 10_000)];
  assert.ok(hears(old));
  assert.ok(hears(soon));
  assert.ok(!hears(logged(today + 5_000)), 'ahead as far as clocks may differ: order counts');
  assert.ok(hears(logged(today + hour)));
  assert.ok(!hears(old), 'recorded before');
  const again = logged(today + 1);
  assert.ok(hears(again));
  assert.ok(!hears(again), 'played again');
});
