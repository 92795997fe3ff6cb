// The nft table of the packet filter's way holds the services of a large table: all messages of a transaction are one datagram.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AddressKey, FIREWALL_TABLE, firewallMessages } from '../../src/datapath/ebpf/load/firewall-table.js';
import { using } from '../../src/sys/fd.js';
import { Nftables } from '../../src/sys/netlink/nftables.js';
import { encodeAddress } from '../../src/wire/address-bytes.js';
import { NftFamily } from '../../src/wire/nftables.js';
import { ip } from '../support/ip.js';
import { inBed, skipReason } from './bed.js';

const LOOPBACK = 1;
/** As many as a table of services can have. */
const SERVICES = 65_535;

test('a table of 65,535 services', { skip: skipReason() }, async () => {
  await inBed(() => {
    const services = Array.from(
      { length: SERVICES },
      (_, k): AddressKey => ({ kind: 'address', protocol: 'tcp', address: ip('192.0.2.1'), port: k + 1 }),
    );
    const table = { services, near: LOOPBACK, far: LOOPBACK, gateway: encodeAddress(ip('192.0.2.2')), sloppyTcp: false };
    using(new Nftables(), (nft) => {
      nft.commit(firewallMessages('inet', table), 'make a large table');
      assert.ok(nft.hasRules(NftFamily.ip, FIREWALL_TABLE));
      nft.commit(firewallMessages('inet', { ...table, services: [] }), 'remove it');
      assert.equal(nft.hasTable(NftFamily.ip, FIREWALL_TABLE), false);
    });
  });
});
