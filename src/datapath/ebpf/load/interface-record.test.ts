// Which devices have no Ethernet header, and which of them are left alone.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Link, LinkFlag, LinkHardware } from '../../../wire/rtnetlink-link.js';
import { isAttachable } from './hook-choice.js';
import { isLayer3 } from './interface-record.js';

const link = (name: string, hardware: number, flags = 0): Link => ({ ifindex: 7, name, flags, hardware, mtu: 1480 });

test('tunnels of IPv4 and IPv6 have no Ethernet header', () => {
  const { ethernet, loopback, ...layer3 } = LinkHardware;
  for (const hardware of Object.values(layer3)) assert.ok(isLayer3(link('x', hardware)), `${hardware}`);
  for (const hardware of [ethernet, loopback]) assert.ok(!isLayer3(link('x', hardware)));
});

test('a tunnel is covered though it is down, but one that the kernel made by itself only where it is up', () => {
  const { sit, ip6Tunnel } = LinkHardware;
  assert.ok(isAttachable(link('sit1', sit)));
  assert.ok(!isAttachable(link('sit0', sit)));
  assert.ok(!isAttachable(link('ip6tnl0', ip6Tunnel)));
  assert.ok(isAttachable(link('sit0', sit, LinkFlag.up)));
});
