import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../test/support/ip.js';
import fc from '../../test/support/properties.js';
import { tcpChecksumIsRight } from '../../test/support/transport-checksum.js';
import { IpProtocol } from '../model/ip-protocol.js';
import type { DestinationKey } from '../model/service.js';
import { encodeIpv4, IPV4_DEFAULTS } from './ipv4.js';
import { encodeTcp, TCP_DEFAULTS, TcpFlag } from './tcp.js';
import { decodeBareSegment, encodeBareSegment } from './tcp-packet.js';

const endpoint = (address: string, port: number): DestinationKey => ({ address: ip(address), port });
const ENDS = [
  [endpoint('192.0.2.9', 40_000), endpoint('198.51.100.1', 80), 20],
  [endpoint('2001:db8::9', 40_000), endpoint('2001:db8::1', 80), 40],
] as const;

test('a segment comes out of its packet as it went in, with the right checksum', () => {
  const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
  fc.assert(
    fc.property(
      fc.constantFrom(...ENDS),
      u32,
      u32,
      fc.integer({ min: 0, max: 255 }),
      ([source, destination, header], sequence, acknowledgement, flags) => {
        const segment = { source, destination, sequence, acknowledgement, flags };
        const packet = encodeBareSegment(segment);
        assert.deepEqual(decodeBareSegment(packet), segment);
        assert.ok(tcpChecksumIsRight(packet.subarray(header), source.address, destination.address));
      },
    ),
  );
});

test('what has data, is a fragment, or is cut off is none', () => {
  const [source, destination] = ENDS[0];
  const payload = (data: number): Uint8Array =>
    encodeTcp(
      { ...TCP_DEFAULTS, sourcePort: 1, destinationPort: 2, flags: TcpFlag.ack, payload: new Uint8Array(data) },
      source.address,
      destination.address,
    );
  const packet = (data: number, more = {}): Uint8Array =>
    encodeIpv4({
      ...IPV4_DEFAULTS,
      protocol: IpProtocol.tcp,
      source: source.address,
      destination: destination.address,
      payload: payload(data),
      ...more,
    });
  assert.ok(decodeBareSegment(packet(0)) !== undefined);
  for (const none of [packet(1), packet(0, { flags: 1 }), packet(0, { fragmentOffset: 1 }), packet(0, { protocol: IpProtocol.udp })])
    assert.equal(decodeBareSegment(none), undefined);
  for (const [from, to] of ENDS) {
    const whole = encodeBareSegment({ source: from, destination: to, sequence: 1, acknowledgement: 2, flags: TcpFlag.ack });
    for (let length = 0; length < whole.length; length++) assert.equal(decodeBareSegment(whole.subarray(0, length)), undefined);
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => void decodeBareSegment(bytes)));
});
