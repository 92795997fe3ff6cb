// UDP on one interface (man 7 udp). It sends with TTL 255 and gets the TTL of what it receives: a routed datagram has a lower one.
import type { Address, Family } from '../../model/address.js';
import { native } from '../addon.js';
import { Fd } from '../fd.js';
import { readControl } from './control-messages.js';
import { AF, ANY, addressIn, SOCKET_ADDRESS_BYTES, socketAddress } from './socket-address.js';
import { attachFilter, detachFilter, int32 } from './socket-options.js';

const SOCK_DGRAM = 2;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_BINDTODEVICE = 25;
const SO_PRIORITY = 12;
const CONTROL_TRAFFIC = 6;
const TTL_MAX = 255;
/** Level; the option for the TTL of sent datagrams; the option that requests the TTL of received ones. */
const OPTIONS = { inet: { level: 0, send: 2, request: 12 }, inet6: { level: 41, send: 16, request: 51 } } as const;
const BUFFER_BYTES = 512;

export interface Datagram {
  readonly source: Address;
  readonly ttl: number;
  readonly bytes: Uint8Array;
}

export class UdpSocket {
  readonly #fd: Fd;
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  readonly #control = new Uint8Array(64);

  /** @throws SystemError ENODEV, EADDRINUSE */
  constructor(
    readonly family: Family,
    readonly device: string,
    readonly port: number,
    readonly ifindex: number,
  ) {
    this.#fd = new Fd(native().socket(AF[family], SOCK_DGRAM, 0), `udp ${port} on ${device}`);
    const { level, send, request } = OPTIONS[family];
    const set = (which: number, option: number, value: Uint8Array): void => native().setsockopt(this.#fd.number, which, option, value);
    try {
      set(SOL_SOCKET, SO_REUSEADDR, int32(1));
      set(SOL_SOCKET, SO_PRIORITY, int32(CONTROL_TRAFFIC));
      set(SOL_SOCKET, SO_BINDTODEVICE, new TextEncoder().encode(`${device}\0`));
      set(level, send, int32(TTL_MAX));
      set(level, request, int32(1));
      native().bind(this.#fd.number, socketAddress(ANY[family], port));
    } catch (error) {
      this.close();
      throw error;
    }
  }

  get fd(): number {
    return this.#fd.number;
  }

  attachFilter(program: number): void {
    attachFilter(this.#fd, program);
  }

  detachFilter(): void {
    detachFilter(this.#fd);
  }

  /** @throws SystemError ENETUNREACH, EHOSTUNREACH, ECONNREFUSED (an earlier datagram was refused) */
  send(bytes: Uint8Array, to: Address): void {
    native().sendto(this.#fd.number, bytes, socketAddress(to, this.port, this.ifindex));
  }

  /** The next datagram, or undefined when none is queued. At most 512 bytes of it; the rest is cut. */
  receive(): Datagram | undefined {
    const from = new Uint8Array(SOCKET_ADDRESS_BYTES);
    const length = native().recvmsg(this.#fd.number, this.#buffer, from, this.#control);
    if (length < 0) return undefined;
    return { source: addressIn(from, this.family), ttl: readControl(this.#control).ttl, bytes: this.#buffer.slice(0, length) };
  }

  close(): void {
    this.#fd.close();
  }
}
