// Random packets: nothing that comes in may crash the programs, be answered outside the few verdicts, or come out changed
// where it was not to be.
import assert from 'node:assert/strict';
import { internetChecksum } from '../../src/wire/checksum.js';
import { breadth, test } from '../support/breadth.js';
import fc from '../support/properties.js';
import { type Bed, openBed, skipReason } from './bed.js';
import { CLIENT, DR_VIP, SERVERS, VIP } from './fixtures/bed-addresses.js';
import { destination, service } from './fixtures/fixture.js';
import { bytes, echo, fromClient, fromServer, tcp, udp, unreachable } from './fixtures/packets.js';
import { checkTable } from './table-check.js';
import type { Outcome } from './verdict.js';

const ends = { from: `${CLIENT}:40000`, to: `${VIP}:80` };
const back = { from: `${SERVERS[0]}:8080`, to: ends.from };

/** Whole frames to be spoilt. */
const SEEDS: readonly Uint8Array[] = [
  fromClient(tcp(ends, 'S', { segment: { options: Uint8Array.of(2, 4, 5, 180) } })),
  fromClient(tcp(ends, 'PA', { data: bytes(100) })),
  fromClient(tcp({ from: `${CLIENT}:40001`, to: `${DR_VIP}:80` }, 'S', { options: Uint8Array.of(1, 1, 1, 0) })),
  fromClient(udp({ from: `${CLIENT}:5000`, to: `${VIP}:53` }, { data: bytes(33) })),
  fromServer(tcp(back, 'SA')),
  fromServer(udp({ from: `${SERVERS[0]}:5353`, to: `${CLIENT}:5000` })),
  fromClient(unreachable('10.0.1.254', VIP, tcp({ from: ends.to, to: ends.from }, 'A'))),
  fromServer(unreachable(SERVERS[0], CLIENT, tcp({ from: ends.from, to: back.from }, 'A'))),
  fromClient(echo(CLIENT, VIP)),
];

const ETHERNET = 14;
const SHORTEST_IPV4 = 34;

/** Makes the IP header's checksum right, so that what was spoilt is looked at and not only the sum. */
function withRightSum(frame: Uint8Array): Uint8Array {
  const length = ((frame[ETHERNET] ?? 0) & 15) * 4;
  if (frame.length < ETHERNET + length || length < 20) return frame;
  const copy = frame.slice();
  copy.set([0, 0], ETHERNET + 10);
  const sum = internetChecksum(copy.slice(ETHERNET, ETHERNET + length));
  copy.set([sum >> 8, sum & 0xff], ETHERNET + 10);
  return copy;
}

const change = fc.record({ at: fc.nat({ max: 90 }), value: fc.integer({ min: 0, max: 255 }) });
const spoilt = fc
  .record({
    seed: fc.constantFrom(...SEEDS),
    changes: fc.array(change, { maxLength: 4 }),
    cut: fc.option(fc.nat({ max: 120 })),
    right: fc.boolean(),
  })
  .map(({ seed, changes, cut, right }) => {
    const frame = seed.slice(0, Math.max(ETHERNET, cut ?? seed.length));
    for (const { at, value } of changes) if (at < frame.length) frame[at] = value;
    return right ? withRightSum(frame) : frame;
  });
const noise = fc.uint8Array({ minLength: ETHERNET, maxLength: 200 }).map((frame) => {
  if (frame.length > 13) frame.set([0x08, 0x00], 12);
  return frame;
});

function isTooShort(frame: Uint8Array): boolean {
  return frame.length < SHORTEST_IPV4 && frame[12] === 0x08 && frame[13] === 0;
}

/** Where a forwarded packet may differ: link addresses, TTL, the three sums, one address and one port. */
function sameButTranslated(outcome: Outcome, sent: Uint8Array): void {
  const { frame } = outcome;
  const header = ((sent[ETHERNET] ?? 0) & 15) * 4;
  const l4 = ETHERNET + header;
  const sumAt = sent[ETHERNET + 9] === 6 ? 16 : 6;
  const free = new Set<number>();
  const allow = (from: number, count: number): void => {
    for (let at = from; at < from + count; at++) free.add(at);
  };
  allow(0, 12);
  allow(ETHERNET + 8, 1);
  allow(ETHERNET + 10, 10);
  allow(l4, 4);
  allow(l4 + sumAt, 2);
  sent.forEach((byte, at) => {
    if (!free.has(at)) assert.equal(frame[at], byte, `byte ${at}`);
  });
  assert.equal(internetChecksum(frame.slice(ETHERNET, l4)), 0, 'IP header checksum');
  // handed in by lo (a client without a route is left to the stack), it has not been forwarded
  const handedIn = frame.slice(0, 6).every((byte) => byte === 0);
  assert.equal(frame[ETHERNET + 8], (sent[ETHERNET + 8] ?? 0) - (handedIn ? 0 : 1), 'TTL');
}

const ICMP = 1;

/** By how much the ICMP checksum of a frame is wrong; 0 where it is right. */
function icmpError(frame: Uint8Array): number {
  const header = ((frame[ETHERNET] ?? 0) & 15) * 4;
  const end = ETHERNET + ((frame[ETHERNET + 2] ?? 0) << 8) + (frame[ETHERNET + 3] ?? 0);
  return internetChecksum(frame.slice(ETHERNET + header, end)) % 0xffff;
}

function check(outcome: Outcome, sent: Uint8Array): void {
  if (outcome.verdict === 'pass') assert.equal(Buffer.compare(outcome.frame, sent), 0, 'passed on, but changed');
  if (outcome.verdict !== 'redirect') return;
  if (outcome.frame[ETHERNET + 9] === ICMP) {
    if (sent[ETHERNET + 9] === ICMP) assert.equal(outcome.frame.length, sent.length, 'length');
    assert.equal(icmpError(outcome.frame), 0, 'ICMP checksum');
  } else {
    assert.equal(outcome.frame.length, sent.length, 'length');
    sameButTranslated(outcome, sent);
  }
}

function setUp(bed: Bed): void {
  for (const { service: spec, destinations } of [
    service('tcp', VIP, 80, [destination(`${SERVERS[0]}:8080`, 'masq'), destination(`${SERVERS[1]}:80`, 'masq')]),
    service('udp', VIP, 53, [destination(`${SERVERS[0]}:5353`, 'masq')], 'wlc'),
    service('tcp', DR_VIP, 80, [destination(`${SERVERS[2]}:80`, 'route')], 'wrr'),
  ]) {
    bed.director.addService(spec);
    for (const each of destinations) bed.director.addDestination(spec.key, each);
  }
}

for (const attach of ['tc', 'xdp'] as const) {
  (attach === 'xdp' ? test : breadth)(`${attach}: spoilt and random packets`, { skip: skipReason() }, () => {
    const bed = openBed({ attach });
    try {
      setUp(bed);
      const arrival = fc.record({ frame: fc.oneof({ weight: 6, arbitrary: spoilt }, { weight: 1, arbitrary: noise }), back: fc.boolean() });
      fc.assert(
        fc.property(arrival, ({ frame, back: fromBack }) => {
          const device = fromBack ? 'back' : 'front';
          if (attach === 'xdp' && isTooShort(frame)) check(bed.sendXdp(device, frame), frame);
          else if (!isTooShort(frame)) check(bed.send(attach === 'xdp' ? 'xdp' : 'ingress', device, frame), frame);
        }),
        { numRuns: 5000 },
      );
      checkTable(bed);
      assert.ok(bed.totals().inPackets > 50, 'some of them were for a service');
    } finally {
      bed.close();
    }
  });
}
