// Templates of IPv6 alone: every length of a prefix, and tables whose build had no templates for IPv6.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { test } from 'node:test';
import { Conf } from '../../src/datapath/ebpf/abi.gen.js';
import { LAYOUTS } from '../../src/datapath/ebpf/layouts.gen.js';
import { openDirector } from '../../src/datapath/ebpf/open.js';
import { pinLayouts, pinnedLayouts } from '../../src/datapath/ebpf/table/layout.js';
import { packetWords } from '../../src/datapath/ebpf/table/record-address.js';
import { IPV6_PINS } from '../../src/datapath/ebpf/table/tables.js';
import { takenTemplates } from '../../src/datapath/ebpf/table/templates.js';
import type { Address } from '../../src/model/address.js';
import { formatAddress } from '../../src/model/address-text.js';
import { isWeirError } from '../../src/model/errors/weir-error.js';
import { type Bed, openBed, skipReason } from './bed.js';
import { ip } from './fixtures/bed-addresses.js';
import { IPv6 } from './fixtures/family.js';
import { destination, service } from './fixtures/fixture.js';
import { checkTemplates } from './table-check.js';

const skip = skipReason();
const PREFIX_MAX = 128;
const { service: plain } = service('tcp', IPv6.vip, 80, []);

function setUp(bed: Bed, netmask?: number): void {
  bed.director.addService(netmask === undefined ? plain : { ...plain, persistence: { timeout: 300, netmask } });
  for (const server of IPv6.servers) bed.director.addDestination(plain.key, destination(IPv6.at(server, 80), 'masq'));
}

/** From a client, whose first flags are `letters`. */
function send(bed: Bed, client: string, port: number, letters = 'S'): void {
  const packet = IPv6.tcp({ from: IPv6.at(client, port), to: IPv6.at(IPv6.vip, 80) }, letters);
  const { verdict } = bed.send('ingress', 'front', IPv6.fromClient(packet, client));
  assert.equal(verdict, 'redirect', `${letters} of ${client}`);
}

const wholeOf = ({ words }: Address): bigint => words.reduce((sum, word) => (sum << 32n) | BigInt(word), 0n);
const addressOf = (whole: bigint): Address => ({
  family: 'inet6',
  words: [96n, 64n, 32n, 0n].map((shift) => Number((whole >> shift) & 0xffffffffn)),
});

test('clients are one where the first bits of their addresses are the same, as many as the prefix is long', { skip }, () => {
  const bed = openBed();
  try {
    const client = wholeOf(ip('2001:db8:5a5a:a5a5:3c3c:c3c3:1234:9876'));
    const differingAt = (bit: number): string => formatAddress(addressOf(client ^ (1n << BigInt(PREFIX_MAX - 1 - bit))));
    const clientsOf = () => [...takenTemplates(bed.tables)].map((each) => each.client);
    for (let prefix = 1; prefix <= PREFIX_MAX; prefix++) {
      bed.wipe();
      setUp(bed, prefix);
      send(bed, formatAddress(addressOf(client)), 4000);
      const network = addressOf(client & ~((1n << BigInt(PREFIX_MAX - prefix)) - 1n));
      if (prefix < PREFIX_MAX) send(bed, differingAt(prefix), 4000);
      assert.deepEqual(clientsOf(), [packetWords(network)], `/${prefix}`);
      send(bed, differingAt(prefix - 1), 4000);
      assert.equal(clientsOf().length, 2, `/${prefix}: another network`);
      checkTemplates(bed);
    }
  } finally {
    bed.close();
  }
});

/** As a build left them that had no templates for IPv6. */
function makeBefore(bed: Bed): void {
  const { [IPV6_PINS.templates]: _, ...before } = LAYOUTS;
  pinLayouts(bed.folder, before);
  rmSync(`${bed.folder}/${IPV6_PINS.templates}`);
  for (const pin of readdirSync(bed.folder).filter((name) => name.startsWith('build_'))) rmSync(`${bed.folder}/${pin}`);
  bed.tables.conf.set(0, Conf.layout, 1);
}

test('tables of a build without them are taken over: connections stay, and services may become persistent', { skip }, () => {
  const bed = openBed();
  try {
    setUp(bed);
    const client = IPv6.farClient;
    send(bed, client, 4000);
    makeBefore(bed);
    assert.throws(
      () => openDirector().close(),
      (error) => isWeirError(error, 'datapath-build-before') && /map templates6/.test(error.message),
    );
    openDirector({ takeOver: true }).close();
    bed.renew();
    assert.ok(existsSync(`${bed.folder}/${IPV6_PINS.templates}`));
    assert.deepEqual(pinnedLayouts(bed.tables), LAYOUTS);
    bed.director.editService({ ...plain, persistence: { timeout: 300, netmask: 64 } });
    send(bed, client, 4000, 'A');
    send(bed, client, 4001);
    send(bed, IPv6.nearFarClient, 4002);
    const listed = [...bed.director.connections()].map((each) => [
      formatAddress(each.client.address),
      each.client.port,
      formatAddress(each.destination.address),
      each.state,
    ]);
    const [first, second] = IPv6.servers;
    assert.deepEqual(
      listed.sort(),
      [
        [IPv6.farNetwork, 0, first, 'NONE'],
        [client, 4000, second, 'ESTABLISHED'],
        [client, 4001, first, 'SYN_RECV'],
        [IPv6.nearFarClient, 4002, first, 'SYN_RECV'],
      ].sort(),
    );
    checkTemplates(bed);
  } finally {
    bed.close();
  }
});
