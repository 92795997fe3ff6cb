// Frames that the kernel handles after the programs: fragments of a large reply, and next hops that are IPv6 addresses.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { native } from '../../src/sys/addon.js';
import { PacketSocket } from '../../src/sys/sockets/packet-socket.js';
import { decodeEthernet } from '../../src/wire/ethernet.js';
import { decodeIpv4, type Ipv4Packet } from '../../src/wire/ipv4.js';
import { type Bed, openBed, skipReason } from './bed.js';
import { ip as address, CLIENT, IPV6, macOf, SERVERS, SMALL_MTU, SMALL_MTU_CLIENT, VIP } from './fixtures/bed-addresses.js';
import { destination, service } from './fixtures/fixture.js';
import { bytes, fromClient, fromServer, udp } from './fixtures/packets.js';
import { ip } from './namespace.js';

const skip = skipReason();
const SERVER = SERVERS[0];

function bedWith(server: string): Bed {
  const bed = openBed();
  const { service: spec } = service('udp', VIP, 53, []);
  bed.director.addService(spec);
  bed.director.addDestination(spec.key, destination(`${server}:53`, 'masq'));
  return bed;
}

/** What the stations beyond a device send and receive. The director is attached to their end of the veth as well, and must not see that. */
function farEnd(device: 'front' | 'back'): PacketSocket {
  const socket = new PacketSocket(native().ifNameToIndex(`${device}-far`), 0x0800);
  socket.bypassTrafficControl();
  return socket;
}

/** The next UDP packet that leaves by a device. */
function leaves(socket: PacketSocket): { readonly packet: Ipv4Packet; readonly to: string } {
  for (;;) {
    const frame = socket.receive(60_000) ?? assert.fail('no packet left');
    const link = decodeEthernet(frame);
    const packet = decodeIpv4(link?.payload ?? new Uint8Array(0));
    if (link !== undefined && packet?.protocol === 17) return { packet, to: link.destination };
  }
}

test("a reply without DF, larger than the client's MTU, reaches it in fragments from the VIP", { skip }, () => {
  const bed = bedWith(SERVER);
  const [front, back] = [farEnd('front'), farEnd('back')];
  const ends = { from: `${SMALL_MTU_CLIENT}:5000`, to: `${VIP}:53` };
  try {
    front.send(fromClient(udp(ends), '10.0.1.254'));
    leaves(back);
    back.send(fromServer(udp({ from: `${SERVER}:53`, to: ends.from }, { data: bytes(1420), flags: 0 })));
    const parts = [leaves(front), leaves(front)].map(({ packet, to }) => {
      assert.deepEqual([packet.source, packet.destination, to], [address(VIP), address(SMALL_MTU_CLIENT), macOf('10.0.1.254')]);
      assert.ok(packet.payload.length + 20 <= SMALL_MTU);
      return packet;
    });
    assert.deepEqual(
      parts.map(({ flags, payload }) => [flags & 1, payload.length]),
      [
        [1, 1376],
        [0, 1428 - 1376],
      ],
    );
    assert.deepEqual(bed.drops(), {});
  } finally {
    front.close();
    back.close();
    bed.close();
  }
});

test('a datagram over lo of more bytes than fit 16 bits with the IPv6 header', { skip }, async () => {
  const bed = openBed();
  const socket = createSocket('udp6');
  try {
    const { service: spec } = service('udp', IPV6.vip, 53, []);
    bed.director.addService(spec);
    bed.director.addDestination(spec.key, destination(`[${IPV6.servers[0]}]:53`, 'masq'));
    socket.send(bytes(65536 - 40 - 8), 53, IPV6.vip);
    while (Object.keys(bed.drops()).length === 0) await setTimeout(5);
    assert.deepEqual(bed.drops(), { too_big: 1 }, "it was read whole, and is larger than the server's MTU");
  } finally {
    socket.close();
    bed.close();
  }
});

test('a server behind a next hop that is an IPv6 address (RFC 8950): every packet reaches it, when the hop is asked for again too', {
  skip,
}, async () => {
  const server = '10.0.6.5';
  const bed = bedWith(server);
  const [front, back] = [farEnd('front'), farEnd('back')];
  try {
    ip(['route add 10.0.6.0/24 via inet6 fe80::5 dev back', `neigh add fe80::5 lladdr ${macOf(SERVER)} dev back nud permanent`]);
    bed.letHopsAge();
    for (let round = 0; round < 3; round++) {
      for (let port = 5000; port < 5003; port++) {
        front.send(fromClient(udp({ from: `${CLIENT}:${port}`, to: `${VIP}:53` })));
        const { packet, to } = leaves(back);
        assert.deepEqual([packet.destination, to], [address(server), macOf(SERVER)]);
      }
      await setTimeout(1300);
    }
    assert.deepEqual(bed.drops(), {});
  } finally {
    front.close();
    back.close();
    bed.close();
  }
});
