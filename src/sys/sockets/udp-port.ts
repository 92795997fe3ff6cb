// UDP on all interfaces (man 7 udp): a listener on one port, which gets destination and TTL of each datagram, and a sender with a fixed
// source port.
import type { Address, Family } from '../../model/address.js';
import { native } from '../addon.js';
import { Fd } from '../fd.js';
import { readControl } from './control-messages.js';
import { setReceiveBuffer } from './receive-buffer.js';
import { AF, ANY, addressIn, portIn, SOCKET_ADDRESS_BYTES, socketAddress } from './socket-address.js';
import { attachFilter, detachFilter, int32 } from './socket-options.js';

const SOCK_DGRAM = 2;
const SOL_SOCKET = 1;
const SO_PRIORITY = 12;
/** TC_PRIO_CONTROL: the device sends it before ordinary traffic. */
const CONTROL_TRAFFIC = 6;
const IPV6_V6ONLY = 26;
/** Level; the options that request TTL and destination; the TTL of sent datagrams. */
const OPTIONS = {
  inet: { level: 0, askTtl: 12, askDestination: 8, sendTtl: 2 },
  inet6: { level: 41, askTtl: 51, askDestination: 49, sendTtl: 16 },
} as const;
const BUFFER_BYTES = 512;
const CONTROL_BYTES = 128;

export interface ReceivedDatagram {
  readonly source: Address;
  readonly sourcePort: number;
  readonly destination: Address;
  /** 0: unknown. */
  readonly ttl: number;
  /** A copy of at most 512 bytes; the rest is cut. */
  readonly bytes: Uint8Array;
}

function open(family: Family, what: string): Fd {
  const fd = new Fd(native().socket(AF[family], SOCK_DGRAM, 0), what);
  try {
    native().setsockopt(fd.number, SOL_SOCKET, SO_PRIORITY, int32(CONTROL_TRAFFIC));
    if (family === 'inet6') native().setsockopt(fd.number, OPTIONS.inet6.level, IPV6_V6ONLY, int32(1));
    return fd;
  } catch (error) {
    fd.close();
    throw error;
  }
}

/** Receives on one port of one family, from all interfaces. */
export class UdpListener {
  readonly #fd: Fd;
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  readonly #control = new Uint8Array(CONTROL_BYTES);
  readonly #from = new Uint8Array(SOCKET_ADDRESS_BYTES);

  /** @throws SystemError EADDRINUSE, EAFNOSUPPORT (no IPv6 here) */
  constructor(
    readonly family: Family,
    readonly port: number,
  ) {
    this.#fd = open(family, `udp port ${port}`);
    const { level, askTtl, askDestination } = OPTIONS[family];
    try {
      native().setsockopt(this.#fd.number, level, askTtl, int32(1));
      native().setsockopt(this.#fd.number, level, askDestination, int32(1));
      native().bind(this.#fd.number, socketAddress(ANY[family], port));
    } catch (error) {
      this.close();
      throw error;
    }
  }

  get fd(): number {
    return this.#fd.number;
  }

  /** Bytes that may be queued, also more than net.core.rmem_max. @throws SystemError EPERM */
  receiveBuffer(bytes: number): void {
    setReceiveBuffer(this.#fd.number, bytes, true);
  }

  attachFilter(program: number): void {
    attachFilter(this.#fd, program);
  }

  detachFilter(): void {
    detachFilter(this.#fd);
  }

  /** The next datagram, or undefined when none is queued. @throws SystemError */
  receive(): ReceivedDatagram | undefined {
    const length = native().recvmsg(this.#fd.number, this.#buffer, this.#from, this.#control);
    if (length < 0) return undefined;
    const { ttl, destination = ANY[this.family] } = readControl(this.#control);
    return {
      source: addressIn(this.#from, this.family),
      sourcePort: portIn(this.#from),
      destination,
      ttl,
      bytes: this.#buffer.slice(0, length),
    };
  }

  close(): void {
    this.#fd.close();
  }
}

/** Sends from one address and port. */
export class UdpSender {
  readonly #fd: Fd;

  /** `source` absent: the routing table chooses it. @throws SystemError EADDRINUSE, EADDRNOTAVAIL (not an address of this host) */
  constructor(
    readonly family: Family,
    source: Address | undefined,
    readonly port: number,
    ttl: number,
  ) {
    this.#fd = open(family, `udp from port ${port}`);
    try {
      this.ttl(ttl);
      // This socket is never read: the smallest buffer for what other hosts send to its port.
      setReceiveBuffer(this.#fd.number, 0, false);
      native().bind(this.#fd.number, socketAddress(source ?? ANY[family], port));
    } catch (error) {
      this.close();
      throw error;
    }
  }

  get fd(): number {
    return this.#fd.number;
  }

  /** 1..255, for datagrams sent from now on. */
  ttl(ttl: number): void {
    const { level, sendTtl } = OPTIONS[this.family];
    native().setsockopt(this.#fd.number, level, sendTtl, int32(ttl));
  }

  /** @throws SystemError ENETUNREACH, EHOSTUNREACH, EPERM (a firewall), EINVAL (the source is no address of this host any more) */
  send(bytes: Uint8Array, to: Address, port: number): void {
    native().sendto(this.#fd.number, bytes, socketAddress(to, port));
  }

  close(): void {
    this.#fd.close();
  }
}
