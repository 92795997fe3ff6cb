// A raw socket on one interface (man 7 packet): it sends and receives whole Ethernet frames.
import { hostIsLittleEndian as little, viewOf } from '../../wire/bytes.js';
import { type Mac, macBytes } from '../../wire/ethernet.js';
import { native } from '../addon.js';
import { unlessCode } from '../errno.js';
import { closeOnError, Fd } from '../fd.js';
import { POLLIN } from '../readable.js';
import { setReceiveBuffer } from './receive-buffer.js';
import { ReceivingSocket } from './receiving-socket.js';
import { SOCK } from './socket-address.js';
import { int32 } from './socket-options.js';

const AF_PACKET = 17;
const SOL_PACKET = 263;
const PACKET_ADD_MEMBERSHIP = 1;
const PACKET_MR_MULTICAST = 0;
const PACKET_QDISC_BYPASS = 20;
const PACKET_OUTGOING = 4;
const BUFFER_BYTES = 1 << 16;
/** The interface is down or gone, its queue or this socket's is full, or the frame is longer than it takes. */
const LOSSES = ['ENETDOWN', 'ENXIO', 'ENODEV', 'ENOBUFS', 'EAGAIN', 'EMSGSIZE'];

/** struct sockaddr_ll: family, protocol (network order), index, hardware type, packet type, address length, address. */
function linkAddress(ifindex: number, protocol: number): Uint8Array {
  const out = new Uint8Array(20);
  const view = viewOf(out);
  view.setUint16(0, AF_PACKET, little);
  view.setUint16(2, protocol);
  view.setInt32(4, ifindex, little);
  return out;
}

/** struct packet_mreq: index, type, length of the address (6), address (8). */
function membership(ifindex: number, group: Mac): Uint8Array {
  const out = new Uint8Array(16);
  const view = viewOf(out);
  view.setInt32(0, ifindex, little);
  view.setUint16(4, PACKET_MR_MULTICAST, little);
  view.setUint16(6, 6, little);
  out.set(macBytes(group), 8);
  return out;
}

function open(ifindex: number, etherType: number, nsfd = -1): Fd {
  // Protocol 0 receives nothing, so that no frame of another interface is queued before the socket is bound.
  return closeOnError(new Fd(native().socket(AF_PACKET, SOCK.raw, 0, nsfd), 'packet socket'), (fd) => {
    native().bind(fd.number, linkAddress(ifindex, etherType));
    return fd;
  });
}

/** Frames of one EtherType on one interface. Every method throws SystemError. */
export class PacketSocket extends ReceivingSocket {
  readonly #buffer = new Uint8Array(BUFFER_BYTES);

  /** `etherType`: the frames to receive (0x0003: all). `nsfd`: the network namespace; absent: our own. */
  constructor(
    readonly ifindex: number,
    etherType: number,
    nsfd?: number,
  ) {
    super(open(ifindex, etherType, nsfd));
  }

  /** From now on frames go directly to the device, without tc and so without the director (PACKET_QDISC_BYPASS). */
  bypassTrafficControl(): void {
    native().setsockopt(this.descriptor.number, SOL_PACKET, PACKET_QDISC_BYPASS, int32(1));
  }

  /** From now on the interface also takes frames to this multicast group. */
  join(group: Mac): void {
    native().setsockopt(this.descriptor.number, SOL_PACKET, PACKET_ADD_MEMBERSHIP, membership(this.ifindex, group));
  }

  /** From now on only frames for which this program of classic BPF returns a length are queued. */
  receiveOnly(program: Uint8Array): void {
    native().attachFilter(this.descriptor.number, program);
  }

  /** See setReceiveBuffer; more than net.core.rmem_max needs CAP_NET_ADMIN. */
  receiveBuffer(bytes: number): void {
    setReceiveBuffer(this.descriptor.number, bytes, true);
  }

  send(frame: Uint8Array): void {
    native().sendto(this.descriptor.number, frame);
  }

  /** As `send`, for what may be lost on the wire as well: where the interface cannot send it now, it is lost here. */
  sendOrLose(frame: Uint8Array): void {
    unlessCode(() => this.send(frame), LOSSES, undefined);
  }

  /** The next incoming frame, or undefined when none is queued. */
  receiveNow(): Uint8Array | undefined {
    for (;;) {
      const from = new Uint8Array(20);
      // The kernel reports once that the interface went down; frames queued before are read after that.
      const length = unlessCode(() => native().recvfrom(this.descriptor.number, this.#buffer, from), ['ENETDOWN'], -1);
      if (length < 0) return undefined;
      if (from[10] !== PACKET_OUTGOING) return this.#buffer.slice(0, length);
    }
  }

  /** Waits at most `ms` for a frame; undefined when none came. It may return undefined earlier: call it again until the time is over. */
  receive(ms: number): Uint8Array | undefined {
    const waiting = this.receiveNow();
    if (waiting !== undefined || native().pollOnce(this.descriptor.number, POLLIN, ms) === 0) return waiting;
    return this.receiveNow();
  }
}
