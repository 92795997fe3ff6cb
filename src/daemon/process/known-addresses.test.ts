import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../test/support/ip.js';
import type { NetlinkMessage } from '../../wire/netlink.js';
import { RouteMessage } from '../../wire/rtnetlink.js';
import { encodeInterfaceAddress, type InterfaceAddress } from '../../wire/rtnetlink-address.js';
import { KnownAddresses } from './known-addresses.js';

const { newAddress, deleteAddress, newLink } = RouteMessage;
const at = (text: string, ifindex = 2): InterfaceAddress => ({ ifindex, address: ip(text), prefixLength: 64, scope: 0, flags: 0 });
const report = (type: number, address: InterfaceAddress): NetlinkMessage => {
  return { type, flags: 0, sequence: 0, port: 0, payload: encodeInterfaceAddress(address) };
};

test('an address that comes or goes is a change, and one that is reported again is none', () => {
  const known = new KnownAddresses([at('fd00::1')]);
  const isChange = (type: number, address: InterfaceAddress): boolean => known.isChangedBy(report(type, address));
  assert.equal(isChange(newAddress, at('fd00::1')), false, 'a router advertisement prolongs it');
  assert.equal(isChange(newAddress, at('fd00::2')), true);
  assert.equal(isChange(newAddress, at('fd00::2')), false);
  assert.equal(isChange(newAddress, at('fd00::2', 3)), true, 'on another interface');
  assert.equal(isChange(deleteAddress, at('fd00::1')), true);
  assert.equal(isChange(newAddress, at('fd00::1')), true, 'it came again');
  assert.equal(isChange(newLink, at('fd00::9')), false, 'another kind of report');
  assert.equal(known.isChangedBy({ ...report(newAddress, at('fd00::9')), payload: Uint8Array.of(10, 64) }), false, 'cut off');
  known.forget();
  assert.equal(isChange(newAddress, at('fd00::2')), true, 'what was lost may have been its going');
});
