// Holds what a program did with a frame against what a fixture expects of it.
import assert from 'node:assert/strict';
import { IpProtocol } from '../../src/model/ip-protocol.js';
import { encodeAddress } from '../../src/wire/address-bytes.js';
import { concat } from '../../src/wire/bytes.js';
import { internetChecksum, pseudoHeaderSum } from '../../src/wire/checksum.js';
import { decodeEthernet } from '../../src/wire/ethernet.js';
import { decodeIcmp } from '../../src/wire/icmp.js';
import { decodeIpv4, type Ipv4Packet } from '../../src/wire/ipv4.js';
import { readSctpChecksum, sctpChecksum } from '../../src/wire/sctp.js';
import { tcpChecksumIsRight, udpChecksumIsRight } from '../support/transport-checksum.js';
import { ip } from './fixtures/bed-addresses.js';
import type { Expectation } from './fixtures/fixture.js';

/** What became of a frame, whichever hook it met. */
export interface Outcome {
  readonly verdict: 'redirect' | 'pass' | 'drop';
  readonly frame: Uint8Array;
  /** Redirected frames may get their link addresses from the kernel afterwards. */
  readonly kernelResolves: boolean;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** @throws AssertionError */
export function sameFrame(actual: Uint8Array, expected: Uint8Array, what: string): void {
  assert.equal(hex(actual), hex(expected), what);
}

function ipv4Of(frame: Uint8Array): { readonly packet: Ipv4Packet; readonly bytes: Uint8Array } {
  const bytes = decodeEthernet(frame)?.payload ?? assert.fail('not an Ethernet frame');
  const packet = decodeIpv4(bytes) ?? assert.fail('not an IPv4 packet');
  return { packet, bytes };
}

/** Every checksum of a whole IPv4 frame of TCP, UDP, SCTP or ICMP is right. */
function sumsAreRight(frame: Uint8Array): void {
  const { packet, bytes } = ipv4Of(frame);
  assert.equal(internetChecksum(bytes.slice(0, 20 + packet.options.length)), 0, 'IP header checksum');
  const { protocol, payload, source, destination } = packet;
  if (protocol === IpProtocol.tcp) assert.ok(tcpChecksumIsRight(payload, source, destination), 'TCP checksum');
  if (protocol === IpProtocol.udp) assert.ok(udpChecksumIsRight(payload, source, destination), 'UDP checksum');
  if (protocol === IpProtocol.sctp) assert.equal(readSctpChecksum(payload), sctpChecksum(payload), 'SCTP checksum');
  if (protocol === IpProtocol.icmp) assert.equal(internetChecksum(payload), 0, 'ICMP checksum');
}

/** As much as the kernel quotes: an error has 576 bytes at most. */
function quotesEnough(quote: Uint8Array, sent: Uint8Array): void {
  const stated = new DataView(sent.buffer, sent.byteOffset).getUint16(2);
  assert.equal(quote.length, Math.min(stated || sent.length, 576 - 28), 'bytes quoted');
  assert.equal(hex(quote), hex(sent.slice(0, quote.length)), 'the quote');
}

/** ICMPv6 by its own codes. As much as the kernel quotes: an error has 1280 bytes at most. */
function isAnswer6(outcome: Outcome, sent: Uint8Array, expect: Expectation & { readonly verdict: 'answer' }): void {
  const bytes = decodeEthernet(outcome.frame)?.payload ?? assert.fail('not an Ethernet frame');
  assert.deepEqual(
    [(bytes[0] ?? 0) >> 4, bytes[6], (bytes[4] ?? 0) * 256 + (bytes[5] ?? 0)],
    [6, IpProtocol.icmpv6, bytes.length - 40],
    'the IPv6 header',
  );
  assert.deepEqual(
    [hex(bytes.slice(8, 24)), hex(bytes.slice(24, 40))],
    [expect.from, expect.to].map((end) => hex(encodeAddress(ip(end)))),
  );
  assert.equal(bytes[7], expect.hops ?? 64, 'hops');
  const message = bytes.slice(40);
  assert.equal(
    internetChecksum(message, pseudoHeaderSum(ip(expect.from), ip(expect.to), IpProtocol.icmpv6, message.length)),
    0,
    'ICMPv6 checksum',
  );
  assert.deepEqual([message[0], message[1]], [expect.type, expect.code], 'type and code');
  if (expect.mtu !== undefined) assert.equal(new DataView(message.buffer, message.byteOffset).getUint32(4), expect.mtu, 'MTU');
  const quote = message.slice(8);
  assert.equal(quote.length, Math.min(sent.length - 14, 1280 - 48), 'bytes quoted');
  assert.equal(hex(quote), hex(sent.slice(14, 14 + quote.length)), 'the quote');
  assert.equal(hex(outcome.frame.slice(0, 12)), hex(sent.slice(6, 12)) + hex(sent.slice(0, 6)), 'back to the station that sent it');
}

function isAnswer(outcome: Outcome, sent: Uint8Array, expect: Expectation & { readonly verdict: 'answer' }): void {
  assert.equal(outcome.verdict, 'redirect', 'an answer goes out');
  if (expect.to.includes(':')) {
    isAnswer6(outcome, sent, expect);
    return;
  }
  sumsAreRight(outcome.frame);
  const { packet } = ipv4Of(outcome.frame);
  assert.equal(packet.protocol, IpProtocol.icmp);
  assert.deepEqual([packet.source, packet.destination], [ip(expect.from), ip(expect.to)], 'from and to');
  assert.equal(packet.tos, 0xc0 | ((sent[15] ?? 0) & 0x1e), 'type of service');
  assert.equal(packet.ttl, expect.hops ?? 64, 'hops');
  const message = decodeIcmp(packet.payload) ?? assert.fail('no ICMP message');
  assert.deepEqual([message.type, message.code], [expect.type, expect.code], 'type and code');
  quotesEnough(message.body, expect.about ?? sent.slice(14));
  const [answerLink, sentLink] = [decodeEthernet(outcome.frame), decodeEthernet(sent)];
  assert.equal(answerLink?.destination, sentLink?.source, 'back to the station that sent it');
  assert.equal(answerLink?.source, sentLink?.destination);
}

const [LINK_BYTES, ETHERNET_BYTES] = [12, 14];

/**
 * The frame that leaves. Its MACs are the next hop's; or still those it came with, where the kernel's neighbour output
 * fills them in (tc only).
 */
function leaves(outcome: Outcome, sent: Uint8Array, expected: Uint8Array): void {
  assert.equal(outcome.verdict, 'redirect', 'verdict');
  const untouched = hex(outcome.frame.slice(0, LINK_BYTES)) === hex(sent.slice(0, LINK_BYTES));
  const from = outcome.kernelResolves && untouched ? LINK_BYTES : 0;
  sameFrame(outcome.frame.slice(from), expected.slice(from), 'the frame that leaves');
}

/** @throws AssertionError when `outcome` of the frame `sent` is not as expected */
export function hold(outcome: Outcome, sent: Uint8Array, expect: Expectation): void {
  switch (expect.verdict) {
    case 'forward':
      leaves(outcome, sent, expect.frame);
      return;
    case 'deliver':
      assert.equal(outcome.verdict, 'pass', 'verdict');
      sameFrame(outcome.frame, expect.frame, 'the frame that the stack gets');
      return;
    case 'pass':
      assert.equal(outcome.verdict, 'pass', 'verdict');
      sameFrame(outcome.frame, sent, 'the frame stays as it was');
      return;
    case 'drop':
      assert.equal(outcome.verdict, 'drop', 'verdict');
      return;
    case 'refuse':
      assert.notEqual(outcome.verdict, 'redirect', 'neither forwarded nor answered');
      if (outcome.verdict === 'pass') sameFrame(outcome.frame, sent, 'the frame stays as it was');
      return;
    case 'answer':
      isAnswer(outcome, expect.about === undefined ? sent : concat(sent.subarray(0, ETHERNET_BYTES), expect.about), expect);
  }
}
