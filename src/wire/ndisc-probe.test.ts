import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../test/support/ip.js';
import { internetChecksum, pseudoHeaderSum } from './checksum.js';
import { unsolicitedAdvertisement } from './ndisc.js';
import { neighbourClaim, neighbourSolicitation, solicitedNodeMac } from './ndisc-probe.js';

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

test('the question of a host that is about to take the address', () => {
  // As a kernel sends it, but for its nonce (RFC 7527).
  const frame = neighbourSolicitation(MAC, ip('::'), ip('fd00:99::100'));
  assert.equal(Buffer.from(frame.subarray(14, 22)).toString('hex'), '6000000000183aff');
  assert.equal(frame.length, 78, 'the unspecified address has no link address (RFC 4861 §4.3)');
  assert.equal(solicitedNodeMac(ip('fd00:99::100')), '33:33:ff:00:01:00');
  const message = frame.subarray(54);
  assert.equal(internetChecksum(message, pseudoHeaderSum(ip('::'), ip('ff02::1:ff00:100'), 58, message.length)), 0);
  assert.deepEqual(neighbourClaim(frame), { address: ip('fd00:99::100'), mac: MAC, kind: 'wants' });
});

test('which frames claim an address', () => {
  const frame = unsolicitedAdvertisement(MAC, ip('fd00:99::100'), false);
  assert.deepEqual(neighbourClaim(frame), { address: ip('fd00:99::100'), mac: MAC, kind: 'holds' });
  // Without the option it is the MAC of the sender.
  assert.deepEqual(neighbourClaim(frame.subarray(0, frame.length - 8)), { address: ip('fd00:99::100'), mac: MAC, kind: 'holds' });
  assert.equal(neighbourClaim(neighbourSolicitation(MAC, ip('fe80::1'), ip('fe80::2'))), undefined);
  for (let length = 0; length < 78; length++) assert.equal(neighbourClaim(frame.subarray(0, length)), undefined);
  const routed = frame.slice();
  routed[21] = 254; // a router has decremented the hop limit
  assert.equal(neighbourClaim(routed), undefined);
});
