// Which frames answer an ARP probe, and which do not.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeArp } from '../wire/arp.js';
import { BROADCAST_MAC, EtherType, encodeEthernet, ZERO_MAC } from '../wire/ethernet.js';
import type { AddressQuestion } from './address-probe.js';
import { arpAnswer } from './arp.js';

const vip = { family: 'inet', words: [0x0a010203] } as const;
const other = { family: 'inet', words: [0x0a010204] } as const;
const unspecified = { family: 'inet', words: [0] } as const;
const MINE = '02:00:00:00:00:01';
const OTHER_MAC = '02:00:00:00:00:02';
const question: AddressQuestion = { ifindex: 4, mac: MINE, addresses: [vip] };
const own = new Set([MINE]);

const frame = (message: Parameters<typeof encodeArp>[0], tags: { tpid: number; tci: number }[] = []) =>
  encodeEthernet({ destination: BROADCAST_MAC, source: message.senderMac, tags, etherType: EtherType.arp, payload: encodeArp(message) });
const reply = { operation: 'reply', senderMac: OTHER_MAC, senderAddress: vip, targetMac: MINE, targetAddress: unspecified } as const;

test('a reply, a request or an announcement by another host shows that it holds the address', () => {
  const holds = { ifindex: 4, address: vip, mac: OTHER_MAC, kind: 'holds' };
  assert.deepEqual(arpAnswer(frame(reply), question, own), holds);
  assert.deepEqual(arpAnswer(frame({ ...reply, operation: 'request', targetAddress: other }), question, own), holds);
});

test('another host’s probe shows that it wants the address', () => {
  const probe = {
    operation: 'request',
    senderMac: OTHER_MAC,
    senderAddress: unspecified,
    targetMac: ZERO_MAC,
    targetAddress: vip,
  } as const;
  assert.deepEqual(arpAnswer(frame(probe), question, own), { ifindex: 4, address: vip, mac: OTHER_MAC, kind: 'wants' });
  assert.equal(arpAnswer(frame({ ...probe, senderAddress: other }), question, own), undefined, 'a plain question is no claim');
});

test('our own frames, other addresses and other things are no answers', () => {
  assert.equal(arpAnswer(frame({ ...reply, senderMac: MINE }), question, own), undefined);
  assert.equal(arpAnswer(frame({ ...reply, senderAddress: other }), question, own), undefined);
  assert.equal(arpAnswer(new Uint8Array(20), question, own), undefined);
});
