// UDP on one interface (man 7 udp). It sends with TTL 255 and gets the TTL of what it receives: a routed datagram has a lower one.
import type { Address, Family } from '../../model/address.js';
import { decodeAddress } from '../../wire/address-bytes.js';
import { hostIsLittleEndian as little, viewOf } from '../../wire/bytes.js';
import { native } from '../addon.js';
import { Fd } from '../fd.js';
import { socketAddress } from './raw-socket.js';
import { attachFilter, detachFilter, int32 } from './socket-options.js';

const AF = { inet: 2, inet6: 10 } as const;
const SOCK_DGRAM = 2;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_BINDTODEVICE = 25;
const SO_PRIORITY = 12;
const CONTROL_TRAFFIC = 6;
const TTL_MAX = 255;
/** Level; the option for the TTL of sent datagrams; the option that requests the TTL of received ones, and its control message. */
const OPTIONS = { inet: { level: 0, send: 2, request: 12, message: 2 }, inet6: { level: 41, send: 16, request: 51, message: 52 } } as const;
const ANY: Readonly<Record<Family, Address>> = { inet: { family: 'inet', words: [0] }, inet6: { family: 'inet6', words: [0, 0, 0, 0] } };
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
    const from = new Uint8Array(28);
    const length = native().recvmsg(this.#fd.number, this.#buffer, from, this.#control);
    if (length < 0) return undefined;
    const source = decodeAddress(this.family === 'inet' ? from.slice(4, 8) : from.slice(8, 24)) ?? ANY[this.family];
    const view = viewOf(this.#control);
    const { level, message } = OPTIONS[this.family];
    const known = view.getInt32(8, little) === level && view.getInt32(12, little) === message;
    return { source, ttl: known ? view.getInt32(16, little) : 0, bytes: this.#buffer.slice(0, length) };
  }

  close(): void {
    this.#fd.close();
  }
}
