// Packets in tunnels, by the headers that the RFCs name, of both families in both.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../test/support/ip.js';
import { udpChecksumIsRight } from '../../test/support/transport-checksum.js';
import { IpProtocol } from '../model/ip-protocol.js';
import type { Tunnel } from '../model/service.js';
import { internetChecksum, pseudoHeaderSum } from './checksum.js';
import { decodeIpv4, encodeIpv4, IPV4_DEFAULTS } from './ipv4.js';
import { decodeIpv6, encodeIpv6 } from './ipv6.js';
import { encodeTcp, TCP_DEFAULTS } from './tcp.js';
import { carriedIn, encapsulate } from './tunnel-packet.js';
import { decodeUdp } from './udp.js';

const OURS = { inet: ip('10.5.0.2'), inet6: ip('fd00:5::2') };
const SERVER = { inet: ip('10.5.0.51'), inet6: ip('fd00:5::51') };
const VIP = { inet: ip('203.0.113.9'), inet6: ip('2001:db8::9') };
const FAMILIES = ['inet', 'inet6'] as const;
type Family = (typeof FAMILIES)[number];

function innerOf(family: Family): Uint8Array {
  const [source, destination] = [OURS[family], VIP[family]];
  const payload = encodeTcp({ ...TCP_DEFAULTS, sourcePort: 40_000, destinationPort: 80 }, source, destination);
  return family === 'inet'
    ? encodeIpv4({ ...IPV4_DEFAULTS, protocol: IpProtocol.tcp, source, destination, payload })
    : encodeIpv6({ source, destination, protocol: IpProtocol.tcp, hopLimit: 64, payload });
}

const tunnelOf = (type: Tunnel['type'], checksum: Tunnel['checksum'] = 'nocsum'): Tunnel => ({
  type,
  port: type === 'gue' ? 6080 : 0,
  checksum,
});

function sent(inner: Family, outer: Family, tunnel: Tunnel) {
  const packet = encapsulate(innerOf(inner), inner, { tunnel, source: OURS[outer], destination: SERVER[outer], sourcePort: 40_000 });
  const decoded = outer === 'inet' ? decodeIpv4(packet) : decodeIpv6(packet);
  assert.ok(decoded);
  assert.deepEqual([decoded.source, decoded.destination], [OURS[outer], SERVER[outer]]);
  return decoded;
}

for (const inner of FAMILIES) {
  for (const outer of FAMILIES) {
    test(`${inner} in ${outer}: each tunnel has its headers, and gives back what it carries`, () => {
      const number = inner === 'inet' ? 4 : 41;
      const etherType = inner === 'inet' ? [0x08, 0x00] : [0x86, 0xdd];
      const bare = sent(inner, outer, tunnelOf('ipip'));
      assert.deepEqual([bare.protocol, bare.payload], [number, innerOf(inner)]);
      const gre = sent(inner, outer, tunnelOf('gre'));
      assert.deepEqual([gre.protocol, [...gre.payload.subarray(0, 4)]], [47, [0, 0, ...etherType]]);
      const summed = sent(inner, outer, tunnelOf('gre', 'csum'));
      assert.deepEqual([...summed.payload.subarray(0, 4)], [0x80, 0, ...etherType]);
      assert.equal(internetChecksum(summed.payload), 0);
      const gue = sent(inner, outer, tunnelOf('gue'));
      const datagram = decodeUdp(gue.payload);
      assert.deepEqual([gue.protocol, datagram?.destinationPort, datagram?.checksum], [17, 6080, 0]);
      assert.deepEqual([...(datagram?.payload.subarray(0, 4) ?? [])], [0, number, 0, 0]);
      const checked = sent(inner, outer, tunnelOf('gue', 'remcsum'));
      assert.notEqual(decodeUdp(checked.payload)?.checksum, 0);
      assert.ok(udpChecksumIsRight(checked.payload, OURS[outer], SERVER[outer]));
      assert.equal(internetChecksum(checked.payload, pseudoHeaderSum(OURS[outer], SERVER[outer], 17, checked.payload.length)), 0);
      for (const { protocol, payload } of [bare, gre, summed, gue, checked]) {
        assert.deepEqual(carriedIn(protocol, payload), { family: inner, inner: innerOf(inner) });
      }
    });
  }
}

test('what is no tunnel, or is cut off, carries nothing', () => {
  assert.equal(carriedIn(IpProtocol.tcp, innerOf('inet')), undefined);
  assert.equal(carriedIn(IpProtocol.gre, Uint8Array.of(0, 0)), undefined);
  assert.equal(carriedIn(IpProtocol.gre, Uint8Array.of(0x20, 0, 8, 0, 0, 0, 0, 1)), undefined, 'with a key');
  assert.equal(carriedIn(IpProtocol.gre, Uint8Array.of(0, 0, 0x65, 0x58)), undefined, 'Ethernet');
  assert.equal(carriedIn(IpProtocol.udp, new Uint8Array(8)), undefined);
  assert.equal(carriedIn(IpProtocol.udp, new Uint8Array(12)), undefined, 'GUE of another protocol');
});
