// Floods of adverts that cannot be right: dropped and counted in the kernel; the machine receives one a second of each kind and stays master.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeVrrp, type VrrpAdvert } from '../../src/wire/vrrp.js';
import { ip } from '../support/ip.js';
import { noNamespaces } from '../support/netns-bed.js';
import { frame, type Packet } from './advert-frames.js';
import { flood } from './flooding.js';
import { configuration, inBed, quick } from './vrrp-bed.js';

const COUNT = 20_000;
/** Let through as samples: one a second of each kind, on a busy machine for three minutes. */
const SAMPLES = 1000;
const [source, destination] = [ip('10.99.0.2'), ip('224.0.0.18')];
const right: VrrpAdvert = { version: 3, vrid: 51, priority: 254, authType: 0, interval: 1, addresses: [ip('10.99.0.100')] };

/** One kind of packet: what differs. */
function wrong(changed: Partial<VrrpAdvert>, more: Partial<Packet> = {}, damage = (bytes: Uint8Array): Uint8Array => bytes): Uint8Array {
  const payload = damage(encodeVrrp({ ...right, ...changed }, { kind: 'pseudo', source, destination }));
  return frame({ source, destination, ttl: 255, id: 1, protocol: 112, options: new Uint8Array(0), payload, ...more });
}

const kinds = {
  short: wrong({}, {}, (bytes) => bytes.slice(0, 9)),
  ttl: wrong({}, { ttl: 64 }),
  version: wrong({ version: 2 }),
  type: wrong({}, {}, (bytes) => bytes.map((byte, index) => (index === 0 ? 0x33 - 1 : byte))),
  checksum: wrong({}, {}, (bytes) => bytes.map((byte, index) => (index === 6 ? byte ^ 0x55 : byte))),
};

test('a flood of wrong adverts changes nothing', { skip: noNamespaces() }, () =>
  inBed(async (bed) => {
    const daemon = bed.start(configuration([{ ...quick, priority: 100 }]));
    await daemon.logged(/Entering MASTER STATE/);
    const lines = daemon.lines.length;
    const { sent } = flood(
      bed.there,
      Object.values(kinds).map((one) => ({ frame: one, count: COUNT })),
    );
    assert.equal(sent, 5 * COUNT);
    const counters = await daemon.until('the counts', () => {
      daemon.signal('SIGUSR1');
      const last = daemon.lines.findLast((line) => line.startsWith('counters: ')) ?? 'counters: [{}]';
      const [one = {}] = JSON.parse(last.slice('counters: '.length)) as Record<string, number>[];
      return (one['filtered'] ?? 0) >= sent - SAMPLES && one;
    });
    assert.ok((counters['filtered'] ?? 0) <= sent);
    for (const kind of ['lengthErrors', 'ttlErrors', 'versionErrors', 'typeErrors', 'checksumErrors']) {
      assert.ok((counters[kind] ?? 0) > COUNT - SAMPLES, `${kind}: ${counters[kind]}`);
    }
    const logged = daemon.lines.slice(lines).filter((line) => !/^counters|ratuitous/.test(line));
    assert.ok(!logged.some((line) => /Entering/.test(line)), logged.join('\n'));
    assert.ok(logged.length < SAMPLES, logged.join('\n'));
    assert.match(bed.here.ip('-4 addr show v0'), /10\.99\.0\.100/);
  }),
);
