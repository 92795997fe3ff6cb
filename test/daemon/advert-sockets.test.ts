// Where adverts are listened for, as the socket filter must know it: on the interface, and in the VRF whose port it is.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Interfaces } from '../../src/daemon/vrrp/host/interfaces.js';
import { AdvertSockets } from '../../src/daemon/vrrp/sockets/advert-sockets.js';
import { Netlink } from '../../src/sys/netlink/netlink.js';
import type { Link } from '../../src/wire/rtnetlink-link.js';
import { needsRoot } from '../native/support.js';
import { oneInstance } from '../support/keepalived-configuration.js';
import { configurationOf } from '../support/vrrp-node.js';

/** lo as one that can be made the port of something. */
class Movable extends Interfaces {
  port: Partial<Link> = {};

  override byIndex(ifindex: number): Link | undefined {
    const link = super.byIndex(ifindex);
    return link && { ...link, ...this.port };
  }
}

test('a port of a VRF is listened to in both, from the moment that it is one', needsRoot, () => {
  const netlink = new Netlink();
  const interfaces = new Movable(netlink, () => false, { changed: () => {}, gone: () => {}, address: () => {} });
  interfaces.read();
  const calls: number[] = [];
  const sockets = new AdvertSockets(interfaces, { packet: () => {}, log: () => {}, opened: (opened) => calls.push(opened.length) });
  const places = (): readonly number[] => sockets.listeners().map(({ ifindex }) => ifindex);
  try {
    sockets.configure(configurationOf({ ...oneInstance, version: 3, interface: 'lo' }));
    assert.deepEqual([calls, places()], [[1], [1]]);
    interfaces.port = { master: 77, masterKind: 'bridge' };
    sockets.refresh();
    assert.deepEqual([calls, places()], [[1], [1]]);
    interfaces.port = { master: 77, masterKind: 'vrf' };
    sockets.refresh();
    sockets.refresh();
    assert.deepEqual(
      [calls, places()],
      [
        [1, 0],
        [1, 77],
      ],
    );
  } finally {
    sockets.close();
    netlink.close();
  }
});
