// What leaves the wire: adverts and announcements byte for byte as keepalived sends them, announcements as far apart as asked.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketSocket } from '../../src/sys/sockets/packet-socket.js';
import { encodeAddress } from '../../src/wire/address-bytes.js';
import { ip } from '../support/ip.js';
import { noNamespaces } from '../support/netns-bed.js';
import { configuration, host, inBed, quick, testGlobal, type VrrpBed } from './vrrp-bed.js';

const options = { skip: noNamespaces() };
const ALL = 3;

/** Everything that arrives at the peer's end of the cable. */
class Tap {
  readonly #socket: PacketSocket;
  readonly frames: { readonly atMs: number; readonly hex: string }[] = [];

  constructor(bed: VrrpBed) {
    const there = bed.namespace(bed.there);
    this.#socket = new PacketSocket(there.ifIndex('v0'), ALL, there.fd.number);
    bed.bed.atEnd(() => this.#socket.close());
  }

  /** The frames so far whose hex has this pattern. */
  matching(pattern: RegExp): readonly { readonly atMs: number; readonly hex: string }[] {
    for (let frame = this.#socket.receiveNow(); frame !== undefined; frame = this.#socket.receiveNow()) {
      this.frames.push({ atMs: performance.now(), hex: Buffer.from(frame).toString('hex') });
    }
    return this.frames.filter(({ hex }) => pattern.test(hex));
  }
}

const macOf = (bed: VrrpBed): string => (/link\/ether (\S+)/.exec(bed.here.ip('link show v0'))?.[1] ?? '').replaceAll(':', '');

test('an IPv4 advert, version 2, and gratuitous ARP', options, () =>
  inBed(async (bed) => {
    const tap = new Tap(bed);
    const mac = macOf(bed);
    const daemon = bed.start(
      configuration([
        { ...quick, version: 2, advertUs: 1_000_000, priority: 255, initialState: 'master', addresses: [host('10.99.0.100')] },
      ]),
    );
    await daemon.logged(/Sending gratuitous ARP on v0/);
    const [advert] = await daemon.until('an advert', () => {
      const found = tap.matching(/^01005e000012/);
      return found.length > 0 && found;
    });
    assert.equal(advert?.hex, `01005e000012${mac}080045c0002800010000ff70d02e0a630001e00000122133ff010001d5020a6300640000000000000000`);
    const announced = await daemon.until('five announcements', () => {
      const found = tap.matching(/^ffffffffffff.{12}0806/);
      return found.length >= 5 && found;
    });
    assert.deepEqual(
      [...new Set(announced.map(({ hex }) => hex))],
      [`ffffffffffff${mac}08060001080006040001${mac}0a630064ffffffffffff0a630064`],
    );
  }),
);

test('an IPv6 advert from the link-local address, and neighbour advertisements', options, () =>
  inBed(async (bed) => {
    const tap = new Tap(bed);
    const mac = macOf(bed);
    const daemon = bed.start(
      configuration([
        {
          ...quick,
          family: 'inet6',
          multicastGroup: ip('ff02::12'),
          advertUs: 100_000,
          priority: 200,
          addresses: [host('fe80::99:100')],
        },
      ]),
    );
    const [advert] = await daemon.until('an advert', () => {
      const found = tap.matching(/^333300000012/);
      return found.length > 0 && found;
    });
    const [, head, source, checksum, vip] =
      /^333300000012.{12}86dd(6c000000001870ff)(fe80.{28})ff0200000000000000000000000000123133c801000a(....)(.*)$/.exec(
        advert?.hex ?? '',
      ) ?? [];
    assert.equal(head, '6c000000001870ff');
    // One of the interface's own; which is first there depends on the order they came in.
    const own = [...bed.here.ip('-6 addr show v0').matchAll(/inet6 (fe80:\S+)\/64/g)].map(([, text = '']) =>
      Buffer.from(encodeAddress(ip(text))).toString('hex'),
    );
    assert.ok(own.includes(source ?? ''), `${source} is none of ${own}`);
    assert.equal(vip, 'fe800000000000000000000000990100');
    assert.notEqual(checksum, '0000');
    const [frame] = await daemon.until('an advertisement', () => {
      const found = tap.matching(/^333300000001.{12}86dd6000000000203aff.{64}88/);
      return found.length > 0 && found;
    });
    const expected = new RegExp(
      `^333300000001${mac}86dd6000000000203afffe800000000000000000000000990100ff020000000000000000000000000001` +
        `8800....20000000fe8000000000000000000000009901000201${mac}$`,
    );
    assert.match(frame?.hex ?? '', expected);
  }),
);

test('garp_interval keeps announcements apart on an interface', options, () =>
  inBed(async (bed) => {
    const tap = new Tap(bed);
    const garp = { ...quick.garp, masterRepeat: 3, masterDelayUs: 0 };
    const addresses = [host('10.99.0.100'), host('10.99.0.101')];
    const global = { ...testGlobal, garpIntervalUs: 120_000 };
    const daemon = bed.start(configuration([{ ...quick, garp, addresses }], { global }));
    const frames = await daemon.until('all six', () => {
      const found = tap.matching(/^ffffffffffff.{12}0806/);
      return found.length >= 6 && found;
    });
    assert.deepEqual(
      frames.map(({ hex }) => Number.parseInt(hex.slice(-2), 16)),
      [100, 101, 100, 101, 100, 101],
    );
    // The daemon adverts every 30 ms: between two announcements there is time for some.
    const order = tap.frames.map(({ hex }) => (/^ffffffffffff/.test(hex) ? 'A' : /^01005e000012/.test(hex) ? '.' : '')).join('');
    assert.match(order, /A\.+A\.+A\.+A\.+A\.+A/);
  }),
);
