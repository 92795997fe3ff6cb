// Takes out of a frame what the programs of tunnels choose by chance, and holds the checksums over it to be right before: as the reference director has
// it, the outer identification and GUE's source port are 0.
import assert from 'node:assert/strict';
import { ETHERNET_BYTES } from '../../src/datapath/memory/packets/ethernet.js';
import { IpProtocol } from '../../src/model/ip-protocol.js';
import { viewOf } from '../../src/wire/bytes.js';
import { internetChecksum } from '../../src/wire/checksum.js';
import { TUNNEL_PORT } from './fixtures/bed-addresses.js';

const TUNNELS: ReadonlySet<number> = new Set([IpProtocol.ipip, IpProtocol.ipv6, IpProtocol.gre]);
const [IPV4_BYTES, IPV6_BYTES] = [20, 40];

/** One's complement: what a checksum becomes where a word becomes 0. */
const withoutWord = (sum: number, word: number): number => {
  const total = (~sum & 0xffff) + (~word & 0xffff);
  return ~((total & 0xffff) + (total >> 16)) & 0xffff;
};

/** The datagram's checksum must be one that its headers allow; then its source port is 0. */
function withoutPort(ip: Uint8Array, at: number): void {
  const view = viewOf(ip);
  const [port, sum] = [view.getUint16(at), view.getUint16(at + 6)];
  assert.ok(port >= 32768 && port < 61000, `GUE's source port ${port}`);
  view.setUint16(at, 0);
  if (sum !== 0) view.setUint16(at + 6, withoutWord(sum, port) || 0xffff);
}

/** True: the datagram is GUE of the bed. */
const isGue = (ip: Uint8Array, protocol: number, at: number): boolean =>
  protocol === IpProtocol.udp && ip.length > at + 12 && viewOf(ip).getUint16(at + 2) === TUNNEL_PORT;

/** A copy; other frames are as they were. */
export function withoutChance(frame: Uint8Array): Uint8Array {
  const copy = frame.slice();
  const ip = copy.subarray(ETHERNET_BYTES);
  if (ip.length > IPV6_BYTES && (ip[0] ?? 0) >> 4 === 6) {
    if (isGue(ip, ip[6] ?? 0, IPV6_BYTES)) withoutPort(ip, IPV6_BYTES);
    return copy;
  }
  const gue = ip.length > IPV4_BYTES && ip[0] === 0x45 && isGue(ip, ip[9] ?? 0, IPV4_BYTES);
  if (ip[0] !== 0x45 || (!gue && !TUNNELS.has(ip[9] ?? 0))) return copy;
  assert.equal(internetChecksum(ip.subarray(0, IPV4_BYTES)), 0, "the outer header's checksum");
  if (gue) withoutPort(ip, IPV4_BYTES);
  ip.fill(0, 4, 6);
  ip.fill(0, 10, 12);
  viewOf(ip).setUint16(10, internetChecksum(ip.subarray(0, IPV4_BYTES)));
  return copy;
}
