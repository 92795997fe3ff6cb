// Datagrams to and from a multicast group on one interface (man 7 ip, man 7 ipv6).
import type { Address, Family } from '../../model/address.js';
import { encodeAddress } from '../../wire/address-bytes.js';
import { hostIsLittleEndian as little, viewOf } from '../../wire/bytes.js';
import { native } from '../addon.js';
import { hasCode, unlessCode } from '../errno.js';
import { closeOnError, Fd } from '../fd.js';
import { droppedPackets, setReceiveBuffer } from './receive-buffer.js';
import { ReceivingSocket } from './receiving-socket.js';
import { AF, SOCK, SOCKET_ADDRESS_BYTES, socketAddress } from './socket-address.js';
import { bindToDevice, int32, ipv6Only, reuseAddress } from './socket-options.js';

/** `fragment`: IP_MTU_DISCOVER, whose value IP_PMTUDISC_DONT is 0: datagrams larger than the MTU go in fragments. */
const OPTIONS = {
  inet: { level: 0, leaveBy: 32, hops: 33, loop: 34, join: 35, fragment: 10 },
  inet6: { level: 41, leaveBy: 17, hops: 18, loop: 19, join: 20, fragment: 23 },
} as const;
const DATAGRAM_MAX = 65_536;
const POLLOUT = 4;
/** How long a full buffer is waited for. */
const FULL_MS = 20;

/** Of an interface, by name and number; the group, its port. */
export interface MulticastPlace {
  readonly interface: string;
  readonly ifindex: number;
  readonly group: Address;
  readonly port: number;
}

/** struct ip_mreqn: group, own address, interface; of IPv6 struct ipv6_mreq: group, interface. */
function membership(group: Address, ifindex: number): Uint8Array {
  const words = group.family === 'inet' ? 2 : 4;
  const out = new Uint8Array(words * 4 + 4);
  out.set(encodeAddress(group));
  viewOf(out).setInt32(words * 4, ifindex, little);
  return out;
}

/** IPv4 names the interface by an ip_mreqn, IPv6 by its number. */
const leavingBy = (family: Family, ifindex: number): Uint8Array =>
  family === 'inet' ? membership({ family, words: [0] }, ifindex) : int32(ifindex);

function openSocket({ group, port }: MulticastPlace, what: string, prepare: (fd: Fd, options: (typeof OPTIONS)[Family]) => void): Fd {
  const { family } = group;
  return closeOnError(new Fd(native().socket(AF[family], SOCK.datagram, 0), `${what} port ${port}`), (fd) => {
    if (family === 'inet6') ipv6Only(fd);
    prepare(fd, OPTIONS[family]);
    return fd;
  });
}

/** Sends to a group; the host itself gets no copy. */
export class MulticastSender {
  readonly #fd: Fd;

  /** @throws SystemError ENODEV, ENETUNREACH, EADDRNOTAVAIL (the interface has no address) */
  constructor(place: MulticastPlace, ttl: number) {
    const { group, port, ifindex, interface: device } = place;
    this.#fd = openSocket(place, 'multicast to', (fd, { level, leaveBy, hops, loop, fragment }) => {
      const set = (name: number, value: Uint8Array): void => native().setsockopt(fd.number, level, name, value);
      bindToDevice(fd, device);
      set(leaveBy, leavingBy(group.family, ifindex));
      set(hops, int32(ttl));
      set(loop, int32(0));
      set(fragment, int32(0));
      setReceiveBuffer(fd.number, 0, false);
      native().connect(fd.number, socketAddress(group, port, ifindex));
    });
  }

  /** Waits for moments where the socket's buffer is full. @throws SystemError ENETDOWN, ENODEV, EPERM (a firewall), EAGAIN (it stays full) */
  send(bytes: Uint8Array): void {
    try {
      native().sendto(this.#fd.number, bytes);
    } catch (error) {
      if (!hasCode(error, 'EAGAIN')) throw error;
      native().pollOnce(this.#fd.number, POLLOUT, FULL_MS);
      native().sendto(this.#fd.number, bytes);
    }
  }

  close(): void {
    this.#fd.close();
  }
}

/** Receives what comes to a group and port by one interface. */
export class MulticastReceiver extends ReceivingSocket {
  readonly #buffer: Uint8Array;
  readonly #from = new Uint8Array(SOCKET_ADDRESS_BYTES);
  /** Who sent what was received last: the bytes of the address, in memory that the next one is written to. */
  readonly sender: Uint8Array;

  /** `longest`: bytes of a datagram; a longer one is cut. `queue`: bytes that may wait. @throws SystemError ENODEV, EADDRINUSE */
  constructor(
    readonly place: MulticastPlace,
    longest: number,
    queue: number,
  ) {
    const { group, port, ifindex, interface: device } = place;
    super(
      openSocket(place, 'multicast from', (fd, { level, join }) => {
        reuseAddress(fd);
        bindToDevice(fd, device);
        setReceiveBuffer(fd.number, queue, true);
        native().bind(fd.number, socketAddress(group, port, ifindex));
        native().setsockopt(fd.number, level, join, membership(group, ifindex));
      }),
    );
    this.#buffer = new Uint8Array(Math.min(longest, DATAGRAM_MAX));
    this.sender = group.family === 'inet' ? this.#from.subarray(4, 8) : this.#from.subarray(8, 24);
  }

  /** False: the interface has gone, or another one has its name. Nothing comes any more then, without an error of the socket. */
  get isThere(): boolean {
    const { interface: name, ifindex } = this.place;
    return unlessCode(() => native().ifNameToIndex(name), ['ENODEV'], 0) === ifindex;
  }

  /** Datagrams that found no room in the queue. */
  get dropped(): number {
    return droppedPackets(this.descriptor.number);
  }

  /** The next datagram, in memory that the next call writes to again; undefined: none waits. @throws SystemError */
  receive(): Uint8Array | undefined {
    const length = native().recvfrom(this.descriptor.number, this.#buffer, this.#from);
    return length < 0 ? undefined : this.#buffer.subarray(0, length);
  }
}
