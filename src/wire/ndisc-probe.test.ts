import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIpv6 } from '../model/address-text.js';
import { unsolicitedAdvertisement } from './ndisc.js';
import { neighbourClaim, neighbourSolicitation } from './ndisc-probe.js';

const ip = (text: string) => parseIpv6(text) ?? assert.fail(text);
const MAC = '02:00:00:00:00:01';

test('a solicitation as a kernel sends it', () => {
  // Taken from the wire: fe80::1 asks for fd00:99::100.
  const frame = neighbourSolicitation(MAC, ip('fe80::1'), ip('fd00:99::100'));
  assert.equal(
    Buffer.from(frame).toString('hex'),
    [
      '3333ff000100020000000001',
      '86dd',
      '6000000000203aff',
      'fe800000000000000000000000000001',
      'ff0200000000000000000001ff000100',
      '8700798200000000',
      'fd000099000000000000000000000100',
      '0101020000000001',
    ].join(''),
  );
  assert.throws(() => neighbourSolicitation(MAC, { family: 'inet', words: [1] }, ip('fe80::1')), RangeError);
});

test('which frames claim an address', () => {
  const frame = unsolicitedAdvertisement(MAC, ip('fd00:99::100'), false);
  assert.deepEqual(neighbourClaim(frame), { address: ip('fd00:99::100'), mac: MAC });
  // Without the option it is the MAC of the sender.
  assert.deepEqual(neighbourClaim(frame.subarray(0, frame.length - 8)), { address: ip('fd00:99::100'), mac: MAC });
  assert.equal(neighbourClaim(neighbourSolicitation(MAC, ip('fe80::1'), ip('fe80::2'))), undefined);
  for (let length = 0; length < 78; length++) assert.equal(neighbourClaim(frame.subarray(0, length)), undefined);
  const routed = frame.slice();
  routed[21] = 254; // a router has decremented the hop limit
  assert.equal(neighbourClaim(routed), undefined);
});
