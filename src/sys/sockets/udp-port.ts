// UDP on all interfaces (man 7 udp): a listener on one port, which gets destination and TTL of each datagram, and a sender with a fixed
// source port.
import type { Address, Family } from '../../model/address.js';
import { native } from '../addon.js';
import { closeOnError, Fd } from '../fd.js';
import { readControl } from './control-messages.js';
import { setReceiveBuffer } from './receive-buffer.js';
import { ReceivingSocket } from './receiving-socket.js';
import { AF, ANY, addressIn, portIn, SOCK, SOCKET_ADDRESS_BYTES, socketAddress } from './socket-address.js';
import { int32, ipv6Only, sendBeforeOthers } from './socket-options.js';

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

/** `prepare`: what this socket needs before it is bound. */
function open(family: Family, source: Address, port: number, what: string, prepare: (fd: Fd) => void): Fd {
  return closeOnError(new Fd(native().socket(AF[family], SOCK.datagram, 0), what), (fd) => {
    sendBeforeOthers(fd);
    if (family === 'inet6') ipv6Only(fd);
    prepare(fd);
    native().bind(fd.number, socketAddress(source, port));
    return fd;
  });
}

function setTtl(fd: Fd, family: Family, ttl: number): void {
  const { level, sendTtl } = OPTIONS[family];
  native().setsockopt(fd.number, level, sendTtl, int32(ttl));
}

/** Receives on one port of one family, from all interfaces. */
export class UdpListener extends ReceivingSocket {
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  readonly #control = new Uint8Array(CONTROL_BYTES);
  readonly #from = new Uint8Array(SOCKET_ADDRESS_BYTES);

  /** @throws SystemError EADDRINUSE, EAFNOSUPPORT (no IPv6 here) */
  constructor(
    readonly family: Family,
    readonly port: number,
  ) {
    const { level, askTtl, askDestination } = OPTIONS[family];
    super(
      open(family, ANY[family], port, `udp port ${port}`, (fd) => {
        native().setsockopt(fd.number, level, askTtl, int32(1));
        native().setsockopt(fd.number, level, askDestination, int32(1));
      }),
    );
  }

  /** Bytes that may be queued, also more than net.core.rmem_max. @throws SystemError EPERM */
  receiveBuffer(bytes: number): void {
    setReceiveBuffer(this.descriptor.number, bytes, true);
  }

  /** The next datagram, or undefined when none is queued. @throws SystemError */
  receive(): ReceivedDatagram | undefined {
    const length = native().recvmsg(this.descriptor.number, this.#buffer, this.#from, this.#control);
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
    this.#fd = open(family, source ?? ANY[family], port, `udp from port ${port}`, (fd) => {
      setTtl(fd, family, ttl);
      // This socket is never read: the smallest buffer for what other hosts send to its port.
      setReceiveBuffer(fd.number, 0, false);
    });
  }

  get fd(): number {
    return this.#fd.number;
  }

  /** 1..255, for datagrams sent from now on. */
  ttl(ttl: number): void {
    setTtl(this.#fd, this.family, ttl);
  }

  /** @throws SystemError ENETUNREACH, EHOSTUNREACH, EPERM (a firewall), EINVAL (the source is no address of this host any more) */
  send(bytes: Uint8Array, to: Address, port: number): void {
    native().sendto(this.#fd.number, bytes, socketAddress(to, port));
  }

  close(): void {
    this.#fd.close();
  }
}
