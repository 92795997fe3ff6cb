// Counts the attempts of checks in one namespace by the packets on its loopback: also those that nothing answers.
import { native } from '../../../src/sys/addon.js';
import type { Fd } from '../../../src/sys/fd.js';
import type { Netns } from '../../../src/sys/namespaces/netns.js';
import { whenReadable } from '../../../src/sys/readable.js';
import { hostIsLittleEndian as little, viewOf } from '../../../src/wire/bytes.js';

const AF_PACKET = 17;
const SOCK_RAW = 3;
const SOL_SOCKET = 1;
/** A struct timespec beside each packet, of CLOCK_REALTIME: the kernel's own time for it. */
const SO_TIMESTAMPNS = 35;
const PACKET_OUTGOING = 4;
const IPV4 = 0x0800;
const ETHERNET_BYTES = 14;
/** struct cmsghdr in front of the time. */
const CONTROL_HEAD_BYTES = 16;
const Protocol = { icmp: 1, tcp: 6, udp: 17 } as const;
const SYN = 2;
const ACK = 16;
const ECHO_REQUEST = 8;

/** `10.1.0.11:80`, `10.1.0.11:53/udp`, `10.1.0.11/ping` of a packet that begins an attempt, with the port that it comes from. */
function beginning(frame: Uint8Array): { readonly place: string; readonly from: number } | undefined {
  const packet = frame.subarray(ETHERNET_BYTES);
  const header = ((packet[0] ?? 0) & 0xf) * 4;
  if (packet.length < header + 8) return undefined;
  const address = packet.subarray(16, 20).join('.');
  const view = viewOf(packet.subarray(header));
  const [from, to] = [view.getUint16(0), view.getUint16(2)];
  switch (packet[9]) {
    case Protocol.tcp:
      return ((packet[header + 13] ?? 0) & (SYN | ACK)) === SYN ? { place: `${address}:${to}`, from } : undefined;
    case Protocol.udp:
      return { place: `${address}:${to}/udp`, from: 0 };
    case Protocol.icmp:
      return packet[header] === ECHO_REQUEST ? { place: `${address}/ping`, from: 0 } : undefined;
    default:
      return undefined;
  }
}

function listenOn(netns: Netns): Fd {
  const fd = netns.socket(AF_PACKET, SOCK_RAW, 0);
  native().setsockopt(fd.number, SOL_SOCKET, SO_TIMESTAMPNS, Uint8Array.of(1, 0, 0, 0));
  const address = new Uint8Array(20);
  const view = viewOf(address);
  view.setUint16(0, AF_PACKET, little);
  view.setUint16(2, IPV4);
  view.setInt32(4, netns.ifIndex('lo'), little);
  native().bind(fd.number, address);
  return fd;
}

/**
 * Reports the place of each attempt, and its time in ms. A SYN that is sent again comes from the same port and is none.
 * @returns what ends it
 */
export function watchAttempts(netns: Netns, seen: (place: string, atMs: number) => void): () => void {
  const fd = listenOn(netns);
  const ports = new Map<string, number>();
  const [frame, from, control] = [new Uint8Array(1 << 16), new Uint8Array(20), new Uint8Array(64)];
  const watch = whenReadable(fd.number, () => {
    for (;;) {
      const length = native().recvmsg(fd.number, frame, from, control);
      if (length < 0) return;
      // What leaves by lo arrives there as a second packet.
      if (from[10] === PACKET_OUTGOING) continue;
      const found = beginning(frame.subarray(0, length));
      if (found === undefined || (found.from !== 0 && ports.get(found.place) === found.from)) continue;
      ports.set(found.place, found.from);
      const time = viewOf(control.subarray(CONTROL_HEAD_BYTES));
      seen(found.place, Number(time.getBigInt64(0, little)) * 1000 + Number(time.getBigInt64(8, little)) / 1_000_000);
    }
  });
  return () => {
    watch.stop();
    fd.close();
  };
}
