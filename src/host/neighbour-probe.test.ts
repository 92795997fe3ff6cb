// Which frames answer a question of neighbour discovery, and which do not.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../test/support/ip.js';
import { unsolicitedAdvertisement } from '../wire/ndisc.js';
import { neighbourSolicitation } from '../wire/ndisc-probe.js';
import type { AddressQuestion } from './address-probe.js';
import { neighbourAnswer } from './neighbour-probe.js';

const vip = ip('fd00:99::100');
const MINE = '02:00:00:00:00:01';
const OTHER_MAC = '02:00:00:00:00:02';
const question: AddressQuestion = { ifindex: 4, mac: MINE, addresses: [vip] };
const own = new Set([MINE]);

test('an advertisement of another host shows that it holds the address', () => {
  const frame = unsolicitedAdvertisement(OTHER_MAC, vip, false);
  assert.deepEqual(neighbourAnswer(frame, question, own), { ifindex: 4, address: vip, mac: OTHER_MAC, kind: 'holds' });
});

test('another host’s duplicate address detection shows that it wants the address; a plain question is no claim', () => {
  const frame = neighbourSolicitation(OTHER_MAC, ip('::'), vip);
  assert.deepEqual(neighbourAnswer(frame, question, own), { ifindex: 4, address: vip, mac: OTHER_MAC, kind: 'wants' });
  assert.equal(neighbourAnswer(neighbourSolicitation(OTHER_MAC, ip('fe80::2'), vip), question, own), undefined);
});

test('our own frames, other addresses and other things are no answers', () => {
  assert.equal(neighbourAnswer(unsolicitedAdvertisement(MINE, vip, false), question, own), undefined);
  assert.equal(neighbourAnswer(unsolicitedAdvertisement(OTHER_MAC, ip('fd00:99::101'), false), question, own), undefined);
  assert.equal(neighbourAnswer(new Uint8Array(20), question, own), undefined);
});
