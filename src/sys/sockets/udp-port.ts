// UDP on all interfaces (man 7 udp): a listener on one port, which gets destination and TTL of each datagram, and a sender with a fixed
// source port.
import type { Address, Family } from '../../model/address.js';
import { decodeAddress } from '../../wire/address-bytes.js';
import { hostIsLittleEndian as little, viewOf } from '../../wire/bytes.js';
import { native } from '../addon.js';
import { Fd } from '../fd.js';
import { socketAddress } from './raw-socket.js';
import { setReceiveBuffer } from './receive-buffer.js';
import { attachFilter, detachFilter, int32 } from './socket-options.js';

const AF = { inet: 2, inet6: 10 } as const;
const SOCK_DGRAM = 2;
const SOL_SOCKET = 1;
const SO_PRIORITY = 12;
/** TC_PRIO_CONTROL: the device sends it before ordinary traffic. */
const CONTROL_TRAFFIC = 6;
const IPV6_V6ONLY = 26;
/** Level; the options that request TTL and destination, and the types of their control messages; the TTL of sent datagrams. */
const OPTIONS = {
  inet: { level: 0, askTtl: 12, ttl: 2, askDestination: 8, destination: 8, destinationAt: 8, sendTtl: 2 },
  inet6: { level: 41, askTtl: 51, ttl: 52, askDestination: 49, destination: 50, destinationAt: 0, sendTtl: 16 },
} as const;
const ADDRESS_AT = { inet: 4, inet6: 8 } as const;
const ADDRESS_BYTES = { inet: 4, inet6: 16 } as const;
const ANY: Readonly<Record<Family, Address>> = { inet: { family: 'inet', words: [0] }, inet6: { family: 'inet6', words: [0, 0, 0, 0] } };
const BUFFER_BYTES = 512;
const CONTROL_BYTES = 128;
const CMSG_HEAD = 16;

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

/** struct cmsghdr {length (8 bytes), level, type}, then struct in_pktinfo, in6_pktinfo or an int. */
function readControl(control: Uint8Array, family: Family): Pick<ReceivedDatagram, 'destination' | 'ttl'> {
  const view = viewOf(control);
  const { level, ttl, destination, destinationAt } = OPTIONS[family];
  const found = { ttl: 0, destination: ANY[family] };
  for (let at = 0; at + CMSG_HEAD <= control.length; ) {
    const length = Number(view.getBigUint64(at, little));
    if (length < CMSG_HEAD || at + length > control.length) break;
    const type = view.getInt32(at + 8, little) === level ? view.getInt32(at + 12, little) : -1;
    const from = at + CMSG_HEAD + destinationAt;
    if (type === ttl) found.ttl = view.getInt32(at + CMSG_HEAD, little);
    else if (type === destination) found.destination = decodeAddress(control.slice(from, from + ADDRESS_BYTES[family])) ?? ANY[family];
    at += (length + 7) & ~7;
  }
  return found;
}

/** Receives on one port of one family, from all interfaces. */
export class UdpListener {
  readonly #fd: Fd;
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  readonly #control = new Uint8Array(CONTROL_BYTES);
  readonly #from = new Uint8Array(28);

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
    const at = ADDRESS_AT[this.family];
    return {
      source: decodeAddress(this.#from.slice(at, at + ADDRESS_BYTES[this.family])) ?? ANY[this.family],
      sourcePort: viewOf(this.#from).getUint16(2),
      ...readControl(this.#control, this.family),
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
