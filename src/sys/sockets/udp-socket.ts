// UDP on one interface (man 7 udp). It sends with TTL 255 and gets the TTL of what it receives: a routed datagram has a lower one.
import type { Address, Family } from '../../model/address.js';
import { native } from '../addon.js';
import { closeOnError, Fd } from '../fd.js';
import { readControl } from './control-messages.js';
import { ReceivingSocket } from './receiving-socket.js';
import { AF, ANY, addressIn, SOCK, SOCKET_ADDRESS_BYTES, socketAddress } from './socket-address.js';
import { bindToDevice, int32, reuseAddress, sendBeforeOthers } from './socket-options.js';

const TTL_MAX = 255;
/** Level; the option for the TTL of sent datagrams; the option that requests the TTL of received ones. */
const OPTIONS = { inet: { level: 0, send: 2, request: 12 }, inet6: { level: 41, send: 16, request: 51 } } as const;
const BUFFER_BYTES = 512;

export interface Datagram {
  readonly source: Address;
  readonly ttl: number;
  readonly bytes: Uint8Array;
}

function open(family: Family, device: string, port: number): Fd {
  return closeOnError(new Fd(native().socket(AF[family], SOCK.datagram, 0), `udp ${port} on ${device}`), (fd) => {
    const { level, send, request } = OPTIONS[family];
    reuseAddress(fd);
    sendBeforeOthers(fd);
    bindToDevice(fd, device);
    native().setsockopt(fd.number, level, send, int32(TTL_MAX));
    native().setsockopt(fd.number, level, request, int32(1));
    native().bind(fd.number, socketAddress(ANY[family], port));
    return fd;
  });
}

export class UdpSocket extends ReceivingSocket {
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  readonly #control = new Uint8Array(64);

  /** @throws SystemError ENODEV, EADDRINUSE */
  constructor(
    readonly family: Family,
    readonly device: string,
    readonly port: number,
    readonly ifindex: number,
  ) {
    super(open(family, device, port));
  }

  /** @throws SystemError ENETUNREACH, EHOSTUNREACH, ECONNREFUSED (an earlier datagram was refused) */
  send(bytes: Uint8Array, to: Address): void {
    native().sendto(this.descriptor.number, bytes, socketAddress(to, this.port, this.ifindex));
  }

  /** The next datagram, or undefined when none is queued. At most 512 bytes of it; the rest is cut. */
  receive(): Datagram | undefined {
    const from = new Uint8Array(SOCKET_ADDRESS_BYTES);
    const length = native().recvmsg(this.descriptor.number, this.#buffer, from, this.#control);
    if (length < 0) return undefined;
    return { source: addressIn(from, this.family), ttl: readControl(this.#control).ttl, bytes: this.#buffer.slice(0, length) };
  }
}
