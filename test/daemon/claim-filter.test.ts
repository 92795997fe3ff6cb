// The filter on ARP and neighbour advertisements without a network: claims for our addresses pass, a few at a time, and nothing else does.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClaimFilter } from '../../src/daemon/vrrp/filters/claim-filter.js';
import { claimOf } from '../../src/daemon/vrrp/sockets/address-conflicts.js';
import type { Address } from '../../src/model/address.js';
import { decodeArp, encodeArp } from '../../src/wire/arp.js';
import { BROADCAST_MAC, EtherType, encodeEthernet } from '../../src/wire/ethernet.js';
import { unsolicitedAdvertisement } from '../../src/wire/ndisc.js';
import { needsBpf } from '../native/support.js';
import { ip } from '../support/ip.js';
import { mutate, randomFrom } from '../support/mutate.js';

const ROUNDS = 1500;
const FLOOD = 100_000;
const ETHERNET = 14;
const ICMP_AT = ETHERNET + 40;
/** lo, on which programs are tried */
const LO = 1;
const [ours, theirs] = ['02:00:00:00:00:01', '02:00:00:00:00:02'] as const;
const skipped = (bytes: number) => ({ skipped: new Uint8Array(Uint32Array.of(bytes).buffer) });

function arp(senderMac: string, senderAddress: Address, operation: 'request' | 'reply' = 'request'): Uint8Array {
  const payload = encodeArp({ operation, senderMac, senderAddress, targetMac: BROADCAST_MAC, targetAddress: senderAddress });
  return encodeEthernet({ destination: BROADCAST_MAC, source: senderMac, tags: [], etherType: EtherType.arp, payload });
}

function dropped(filter: ClaimFilter, frame: Uint8Array): number {
  filter.takeCounts();
  filter.judge(frame, FLOOD);
  return filter.takeCounts()[0]?.counts.claim ?? 0;
}

test('ARP: the filter passes what the process would call a conflict', needsBpf, () => {
  const filter = new ClaimFilter('arp', 64);
  const random = randomFrom(3);
  const others = Array.from({ length: 63 }, (_, index) => ip(`10.99.1.${index}`));
  // Each round another address, so that no budget is used up.
  for (let round = 0; round < ROUNDS; round++) {
    const vip = ip(`10.${round >> 8}.${round & 255}.1`);
    const held = [vip, ...others].map((address) => ({ instance: 'VI_1', ifindex: LO, address }));
    assert.ok(filter.configure({ held: round % 2 === 0 ? held : [], ownMacs: [ours] }));
    const right = arp(random(4) === 0 ? ours : theirs, vip, random(2) === 0 ? 'request' : 'reply');
    const frame = random(2) === 0 ? right : mutate(right, random, ETHERNET);
    const message = decodeArp(frame.subarray(ETHERNET));
    const conflict =
      round % 2 === 0 &&
      message !== undefined &&
      message.senderMac !== ours &&
      held.some(({ address }) => address.words[0] === message.senderAddress.words[0]);
    const { passes } = filter.judge(frame);
    if (!passes && conflict) assert.deepEqual(filter.takeCounts()[0]?.counts, { claim: 1 }, 'together they may be too many');
    else assert.equal(passes, conflict, `round ${round}: ${Buffer.from(frame).toString('hex')}`);
  }
  filter.close();
});

test('neighbour advertisements likewise', needsBpf, () => {
  const filter = new ClaimFilter('neighbour', 64, skipped(40));
  const random = randomFrom(4);
  for (let round = 0; round < ROUNDS / 3; round++) {
    const vip = ip(`fd00::${round.toString(16)}:1`);
    assert.ok(filter.configure({ held: [{ instance: 'VI_1', ifindex: LO, address: vip }], ownMacs: [ours] }));
    const right = unsolicitedAdvertisement(random(4) === 0 ? ours : theirs, vip, false);
    const frame = random(2) === 0 ? right : mutate(right, random, ICMP_AT);
    const claim = claimOf(frame.subarray(ICMP_AT));
    const conflict = claim !== undefined && claim.mac !== ours && claim.address.words.join() === vip.words.join();
    const { passes } = filter.judge(frame);
    if (!passes && conflict) assert.deepEqual(filter.takeCounts()[0]?.counts, { claim: 1 }, 'together they may be too many');
    else assert.equal(passes, conflict, `round ${round}: ${Buffer.from(frame).toString('hex')}`);
  }
  assert.ok(!filter.judge(unsolicitedAdvertisement(theirs, ip('fd00::1'), false).map((byte, at) => (at === 21 ? 254 : byte))).passes);
  filter.close();
});

test('storms: ten a second of an address pass, our own announcements that come back do not count', needsBpf, () => {
  const filter = new ClaimFilter('arp', 64);
  const [one, two] = [ip('10.99.0.100'), ip('10.99.0.101')];
  assert.ok(filter.configure({ held: [one, two].map((address) => ({ instance: 'VI_1', ifindex: LO, address })), ownMacs: [ours] }));
  assert.equal(dropped(filter, arp(ours, one)), 0);
  assert.equal(dropped(filter, arp(theirs, ip('10.99.0.9'))), 0);
  const forOne = dropped(filter, arp(theirs, one));
  assert.ok(forOne > FLOOD - 200 && forOne < FLOOD, String(forOne));
  assert.ok(filter.judge(arp(theirs, two)).passes, 'another address is heard');
  filter.close();
});
