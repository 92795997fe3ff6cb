// Netlink messages, attributes and error messages there and back.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../test/support/properties.js';
import { bytes, half, staysInside, survivesGarbage, word } from '../../test/support/wire-generators.js';
import { concat, hostIsLittleEndian as little, viewOf } from './bytes.js';
import {
  decodeAttributes,
  decodeError,
  decodeMessages,
  encodeAttributes,
  encodeMessage,
  NetlinkType,
  textAttribute,
  textOf,
  u32Attribute,
  u32Of,
} from './netlink.js';

const message = fc.record({ type: half, flags: half, sequence: word, port: word, payload: bytes() }, { noNullPrototype: true });
const attribute = fc.record({ type: fc.nat(0x3fff), payload: bytes(60) }, { noNullPrototype: true });

test('several messages in one datagram survive the round trip', () => {
  fc.assert(
    fc.property(fc.array(message, { maxLength: 5 }), (values) => {
      assert.deepEqual(decodeMessages(concat(...values.map(encodeMessage))), values);
    }),
  );
});

test('attributes survive the round trip', () => {
  fc.assert(
    fc.property(fc.array(attribute, { maxLength: 6 }), (values) => {
      assert.deepEqual(decodeAttributes(encodeAttributes(values)), values);
    }),
  );
});

test('numbers and text', () => {
  fc.assert(fc.property(word, (value) => assert.equal(u32Of(u32Attribute(1, value).payload), value)));
  assert.deepEqual(textAttribute(3, 'lo:0').payload, Uint8Array.of(108, 111, 58, 48, 0));
  assert.equal(textOf(Uint8Array.of(108, 111, 0, 120)), 'lo');
  assert.equal(u32Of(Uint8Array.of(1, 2)), undefined);
  // An interface may be named by any bytes. Its name is UTF-8 in argv, in keepalived.conf and below /proc/sys.
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      fc.pre(!text.includes('\0'));
      assert.equal(textOf(textAttribute(3, text).payload), text);
    }),
  );
  assert.equal(textOf(Uint8Array.of(0xe6, 0xa1, 0xa5, 0)), '桥');
  assert.equal(textOf(Uint8Array.of(120, 0xff, 0)), 'xÿ');
});

test('an error message with the kernel’s own text', () => {
  const echoed = encodeMessage({ type: 20, flags: 5, sequence: 1, port: 0, payload: new Uint8Array(8) });
  const errno = new Uint8Array(4);
  viewOf(errno).setInt32(0, -17, little);
  const base = { type: NetlinkType.error, flags: 0, sequence: 1, port: 0 };
  const words = encodeAttributes([textAttribute(1, 'Address already assigned.')]);
  assert.deepEqual(decodeError({ ...base, payload: concat(errno, echoed) }), { errno: 17 });
  assert.deepEqual(decodeError({ ...base, flags: 0x200, payload: concat(errno, echoed, words) }), {
    errno: 17,
    text: 'Address already assigned.',
  });
  assert.deepEqual(decodeError({ ...base, flags: 0x300, payload: concat(errno, echoed.subarray(0, 16), words) }), {
    errno: 17,
    text: 'Address already assigned.',
  });
  assert.equal(decodeError({ ...base, payload: new Uint8Array(3) }), undefined);
  survivesGarbage((payload) => decodeError({ ...base, flags: 0x200, payload }), concat(errno, echoed, words));
});

test('bad datagrams', () => {
  const sample = encodeMessage({ type: 1, flags: 0, sequence: 0, port: 0, payload: new Uint8Array(8) });
  assert.equal(decodeMessages(sample.subarray(0, 20)), undefined);
  assert.equal(decodeMessages(new Uint8Array(16)), undefined, 'a length of 0 must not loop');
  assert.equal(decodeAttributes(Uint8Array.of(3, 0, 1, 0)), undefined, 'an attribute shorter than its header');
  assert.equal(decodeAttributes(Uint8Array.of(9, 0, 1, 0, 1, 2, 3, 4)), undefined, 'an attribute that is cut off');
  survivesGarbage(decodeMessages, sample);
  survivesGarbage(decodeAttributes, encodeAttributes([u32Attribute(1, 7), textAttribute(3, 'eth0')]));
  staysInside(decodeMessages, sample);
});
