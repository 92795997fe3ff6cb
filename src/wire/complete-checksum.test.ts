// The checksum that a sender has left to its device.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../test/support/ip.js';
import { tcpChecksumIsRight, udpChecksumIsRight } from '../../test/support/transport-checksum.js';
import { fold, pseudoHeaderSum } from './checksum.js';
import { completeChecksum } from './complete-checksum.js';

const [FROM, TO] = [ip('10.8.1.50'), ip('10.0.0.100')];
const [FROM6, TO6] = [ip('fd00::50'), ip('fd00::100')];
const TCP = 6;
const UDP = 17;

/** A frame with this checksum in the header of its transport; `padding`: bytes behind the packet. */
function frameOf(
  isV4: boolean,
  protocol: number,
  checksum: 'left' | number,
  padding = 0,
): { readonly frame: Uint8Array; readonly at: number } {
  const [source, target] = isV4 ? [FROM, TO] : [FROM6, TO6];
  const transport = new Uint8Array(protocol === TCP ? 20 : 11).fill(7);
  const view = new DataView(transport.buffer);
  if (protocol === TCP) transport[12] = 0x50;
  else view.setUint16(4, transport.length);
  const left = fold(pseudoHeaderSum(source, target, protocol, transport.length));
  view.setUint16(protocol === TCP ? 16 : 6, checksum === 'left' ? left : checksum);
  const header = isV4 ? 20 : 40;
  const at = 14 + header;
  const frame = new Uint8Array(at + transport.length + padding);
  const out = new DataView(frame.buffer);
  out.setUint16(12, isV4 ? 0x0800 : 0x86dd);
  frame[14] = isV4 ? 0x45 : 0x60;
  out.setUint16(isV4 ? 16 : 18, isV4 ? header + transport.length : transport.length);
  frame[isV4 ? 23 : 20] = protocol;
  const words = (address: typeof source): readonly number[] => address.words;
  for (const [place, address] of [
    [isV4 ? 26 : 22, source],
    [isV4 ? 30 : 38, target],
  ] as const)
    words(address).forEach((word, k) => {
      out.setUint32(place + 4 * k, word);
    });
  frame.set(transport, at);
  return { frame, at };
}

for (const isV4 of [true, false]) {
  const [source, target] = isV4 ? [FROM, TO] : [FROM6, TO6];
  const family = isV4 ? 'IPv4' : 'IPv6';
  test(`of TCP and UDP over ${family} it is completed, whatever stands behind the packet`, () => {
    for (const padding of [0, 6]) {
      const tcp = frameOf(isV4, TCP, 'left', padding);
      completeChecksum(tcp.frame);
      assert.ok(tcpChecksumIsRight(tcp.frame.slice(tcp.at, tcp.at + 20), source, target));
      const whole = tcp.frame.slice();
      completeChecksum(tcp.frame);
      assert.deepEqual(tcp.frame, whole, 'a whole one stays');
      const udp = frameOf(isV4, UDP, 'left', padding);
      completeChecksum(udp.frame);
      assert.ok(udpChecksumIsRight(udp.frame.slice(udp.at, udp.at + 11), source, target));
    }
  });
  test(`a wrong one over ${family}, and none, stay as they are`, () => {
    for (const [protocol, checksum] of [
      [TCP, 0x1234],
      [UDP, 0],
      [47, 0x1234],
    ] as const) {
      const { frame } = frameOf(isV4, protocol, checksum);
      const before = frame.slice();
      completeChecksum(frame);
      assert.deepEqual(frame, before);
    }
  });
}

/** The same with these extension headers of IPv6 before the transport: of eight bytes each, but for the first one of sixteen. */
function behind({ frame, at }: ReturnType<typeof frameOf>, extensions: readonly number[]): Uint8Array {
  const headers = extensions.flatMap((_, k) => [
    extensions[k + 1] ?? frame[20] ?? 0,
    k === 0 ? 1 : 0,
    ...Array<number>(k === 0 ? 14 : 6).fill(0),
  ]);
  const out = new Uint8Array([...frame.slice(0, at), ...headers, ...frame.slice(at)]);
  out[20] = extensions[0] ?? 0;
  out[19] = (out[19] ?? 0) + headers.length;
  return out;
}

test('over IPv6 it is completed behind extension headers, too', () => {
  for (const extensions of [[0], [60], [0, 43, 60]]) {
    const frame = behind(frameOf(false, TCP, 'left'), extensions);
    completeChecksum(frame);
    assert.ok(tcpChecksumIsRight(frame.slice(-20), FROM6, TO6), extensions.join(' '));
  }
  const fragment = behind(frameOf(false, TCP, 'left'), [44]);
  const before = fragment.slice();
  completeChecksum(fragment);
  assert.deepEqual(fragment, before, 'one of another kind');
});

test('a frame that is cut short stays as it is', () => {
  const { frame } = frameOf(true, TCP, 'left');
  for (let length = 0; length < frame.length; length++) {
    const cut = frame.slice(0, length);
    completeChecksum(cut);
    assert.deepEqual(cut, frame.slice(0, length));
  }
});
