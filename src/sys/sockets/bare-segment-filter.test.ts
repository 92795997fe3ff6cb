// The filter of a drain's packet socket as the kernel runs it: a datagram of a Unix socket stands for a packet.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ip } from '../../../test/support/ip.js';
import type { DestinationKey } from '../../model/service.js';
import { viewOf } from '../../wire/bytes.js';
import { TcpFlag } from '../../wire/tcp.js';
import { bareSegmentFilter, encodeBareSegment } from '../../wire/tcp-packet.js';
import { native } from '../addon.js';
import { Fd } from '../fd.js';

const endpoint = (address: string, port: number): DestinationKey => ({ address: ip(address), port });
const [AF_UNIX, SOCK_DGRAM] = [1, 2];
/** An abstract name. */
const name = new Uint8Array([0, 0, 0, ...Buffer.from(`weir-segment-filter-${process.pid}`)]);
viewOf(name).setUint16(0, AF_UNIX, true);
const receiver = new Fd(native().socket(AF_UNIX, SOCK_DGRAM, 0), 'receiver');
const sender = new Fd(native().socket(AF_UNIX, SOCK_DGRAM, 0), 'sender');
native().bind(receiver.number, name);
native().connect(sender.number, name);
after(() => {
  receiver.close();
  sender.close();
});

const into = new Uint8Array(2048);
function passes(packet: Uint8Array): boolean {
  native().sendto(sender.number, packet);
  return native().recvfrom(receiver.number, into) === packet.length;
}

const FAMILIES = [
  ['192.0.2.9', '198.51.100.1'],
  ['2001:db8::9', '2001:db8::1'],
] as const;

function segments(family: (typeof FAMILIES)[number]) {
  const [client, virtual] = family;
  const segment = (from: number, to: number, flags: number = TcpFlag.ack): Uint8Array =>
    encodeBareSegment({ source: endpoint(client, from), destination: endpoint(virtual, to), sequence: 1, acknowledgement: 2, flags });
  return segment;
}

test('acknowledgements from and to these ports pass, in both families; what begins or ends a connection does not', () => {
  native().attachFilter(receiver.number, bareSegmentFilter([8080, 80], [80, 443]));
  for (const family of FAMILIES) {
    const segment = segments(family);
    for (const [from, to] of [
      [40_000, 80],
      [40_000, 443],
      [8080, 40_000],
    ] as const)
      assert.ok(passes(segment(from, to)), `${family[0]} ${from} ${to}`);
    for (const [from, to] of [
      [40_000, 8080],
      [443, 40_000],
      [1, 2],
    ] as const)
      assert.ok(!passes(segment(from, to)), `${family[0]} ${from} ${to}`);
    for (const flags of [TcpFlag.syn, TcpFlag.syn | TcpFlag.ack, TcpFlag.rst, TcpFlag.rst | TcpFlag.ack, TcpFlag.fin | TcpFlag.ack, 0])
      assert.ok(!passes(segment(40_000, 80, flags)), `flags ${flags}`);
    const long = new Uint8Array(200);
    const packet = segment(40_000, 80);
    long.set(packet);
    viewOf(long).setUint16(family === FAMILIES[0] ? 2 : 4, 200);
    assert.ok(!passes(long), 'data');
  }
});

test('more ports than a filter can name are all of them', () => {
  native().attachFilter(
    receiver.number,
    bareSegmentFilter(
      Array.from({ length: 40 }, (_, k) => k),
      [],
    ),
  );
  assert.ok(passes(segments(FAMILIES[0])(40_000, 50_000)));
  assert.ok(!passes(segments(FAMILIES[0])(40_000, 50_000, TcpFlag.syn)));
});
