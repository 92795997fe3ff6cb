// A raw socket on one interface (man 7 packet): it sends and receives whole Ethernet frames.
import { hostIsLittleEndian as little, viewOf } from '../../wire/bytes.js';
import { native } from '../addon.js';
import { Fd } from '../fd.js';
import { setReceiveBuffer } from './receive-buffer.js';
import { attachFilter, detachFilter } from './socket-options.js';

const AF_PACKET = 17;
const SOCK_RAW = 3;
const SOL_PACKET = 263;
const PACKET_QDISC_BYPASS = 20;
const POLLIN = 1;
const PACKET_OUTGOING = 4;
const BUFFER_BYTES = 1 << 16;

/** struct sockaddr_ll: family, protocol (network order), index, hardware type, packet type, address length, address. */
function linkAddress(ifindex: number, protocol: number): Uint8Array {
  const out = new Uint8Array(20);
  const view = viewOf(out);
  view.setUint16(0, AF_PACKET, little);
  view.setUint16(2, protocol);
  view.setInt32(4, ifindex, little);
  return out;
}

/** Frames of one EtherType on one interface. Every method throws SystemError. */
export class PacketSocket {
  readonly #fd: Fd;
  readonly #buffer = new Uint8Array(BUFFER_BYTES);

  /** `etherType`: the frames to receive (0x0003: all). `nsfd`: the network namespace; absent: our own. */
  constructor(
    readonly ifindex: number,
    etherType: number,
    nsfd?: number,
  ) {
    // Protocol 0 receives nothing, so that no frame of another interface is queued before the socket is bound.
    this.#fd = new Fd(native().socket(AF_PACKET, SOCK_RAW, 0, nsfd ?? -1), 'packet socket');
    try {
      native().bind(this.#fd.number, linkAddress(ifindex, etherType));
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** For poll loops over several sockets. */
  get fd(): number {
    return this.#fd.number;
  }

  /** From now on frames go directly to the device, without tc and so without the director (PACKET_QDISC_BYPASS). */
  bypassTrafficControl(): void {
    const on = new Uint8Array(4);
    viewOf(on).setInt32(0, 1, little);
    native().setsockopt(this.#fd.number, SOL_PACKET, PACKET_QDISC_BYPASS, on);
  }

  /** See setReceiveBuffer; more than net.core.rmem_max needs CAP_NET_ADMIN. */
  receiveBuffer(bytes: number): void {
    setReceiveBuffer(this.#fd.number, bytes, true);
  }

  attachFilter(program: number): void {
    attachFilter(this.#fd, program);
  }

  detachFilter(): void {
    detachFilter(this.#fd);
  }

  send(frame: Uint8Array): void {
    native().sendto(this.#fd.number, frame);
  }

  /** The next incoming frame, or undefined when none is queued. */
  receiveNow(): Uint8Array | undefined {
    for (;;) {
      const from = new Uint8Array(20);
      const length = native().recvfrom(this.#fd.number, this.#buffer, from);
      if (length < 0) return undefined;
      if (from[10] !== PACKET_OUTGOING) return this.#buffer.slice(0, length);
    }
  }

  /** Waits at most `ms` for a frame; undefined when none came. It may return undefined earlier: call it again until the time is over. */
  receive(ms: number): Uint8Array | undefined {
    const waiting = this.receiveNow();
    if (waiting !== undefined || native().pollOnce(this.#fd.number, POLLIN, ms) === 0) return waiting;
    return this.receiveNow();
  }

  close(): void {
    this.#fd.close();
  }
}
