// Ethernet frames there and back, tagged and not.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../test/support/properties.js';
import { bytes, half, mac, staysInside, survivesGarbage } from '../../test/support/wire-generators.js';
import { decodeEthernet, EtherType, encodeEthernet, macBytes, macText } from './ethernet.js';

const tag = fc.record({ tpid: fc.constantFrom<number>(EtherType.vlan, EtherType.qinq), tci: half }, { noNullPrototype: true });
const frame = fc.record(
  {
    destination: mac,
    source: mac,
    tags: fc.array(tag, { maxLength: 3 }),
    etherType: half.filter((type) => type !== EtherType.vlan && type !== EtherType.qinq),
    payload: bytes(),
  },
  { noNullPrototype: true },
);

test('frames survive the round trip', () => {
  fc.assert(fc.property(frame, (value) => assert.deepEqual(decodeEthernet(encodeEthernet(value)), value)));
});

test('whatever decodes encodes to the same bytes', () => {
  fc.assert(
    fc.property(bytes(), (run) => {
      const value = decodeEthernet(run);
      if (value !== undefined) assert.deepEqual(encodeEthernet(value), run);
    }),
  );
});

test('a frame as it lies on the wire', () => {
  const value = {
    destination: 'ff:ff:ff:ff:ff:ff',
    source: '02:00:00:00:00:0a',
    tags: [{ tpid: 0x8100, tci: 7 }],
    etherType: 0x0806,
    payload: Uint8Array.of(9),
  };
  assert.equal(macText(encodeEthernet(value)), 'ff:ff:ff:ff:ff:ff:02:00:00:00:00:0a:81:00:00:07:08:06:09');
});

test('bad frames', () => {
  const sample = encodeEthernet({
    destination: 'ff:ff:ff:ff:ff:ff',
    source: '02:00:00:00:00:0a',
    tags: [{ tpid: 0x88a8, tci: 1 }],
    etherType: 1,
    payload: bytes40,
  });
  assert.equal(decodeEthernet(sample.subarray(0, 13)), undefined);
  assert.equal(decodeEthernet(sample.subarray(0, 17)), undefined, 'a tag that is cut off');
  survivesGarbage(decodeEthernet, sample);
  staysInside(decodeEthernet, sample);
  assert.throws(() => macBytes('02:00:00:00:00'), RangeError);
});

const bytes40 = new Uint8Array(40).fill(0x81);
