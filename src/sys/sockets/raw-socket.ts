// Raw IP sockets (man 7 raw): a receiver and a sender of whole packets of one protocol on one interface.
import type { Address, Family } from '../../model/address.js';
import { addressId } from '../../model/identity.js';
import { IpProtocol } from '../../model/ip-protocol.js';
import { decodeAddress, encodeAddress } from '../../wire/address-bytes.js';
import { concat, hostIsLittleEndian as little, viewOf } from '../../wire/bytes.js';
import { native } from '../addon.js';
import { hasCode } from '../errno.js';
import { closeOnError, Fd } from '../fd.js';
import { readControl } from './control-messages.js';
import { setReceiveBuffer } from './receive-buffer.js';
import { ReceivingSocket } from './receiving-socket.js';
import { AF, ANY, addressIn, SOCK, SOCKET_ADDRESS_BYTES, socketAddress } from './socket-address.js';
import { bindToDevice, int32, markPackets, sendBeforeOthers } from './socket-options.js';

const IPPROTO_RAW = 255;
const ICMPV6_FILTER = 1;
const IP = { level: 0, pktinfo: 8, multicastIf: 32, multicastLoop: 34, add: 35, drop: 36, multicastAll: 49 } as const;
const IPV6 = {
  level: 41,
  multicastIf: 17,
  multicastLoop: 19,
  add: 20,
  drop: 21,
  multicastAll: 29,
  recvPktinfo: 49,
  recvHopLimit: 51,
} as const;
const OPTIONS = { inet: IP, inet6: IPV6 } as const;
/** What a receiver sets. */
const RECEIVER_OPTIONS = {
  inet: [
    [IP.multicastAll, 0],
    [IP.pktinfo, 1],
  ],
  inet6: [
    [IPV6.multicastAll, 0],
    [IPV6.recvPktinfo, 1],
    [IPV6.recvHopLimit, 1],
  ],
} as const;
/** The longest advert has 255 IPv6 addresses and a trailer behind them: 4116 bytes. */
const BUFFER_BYTES = 8192;
const CONTROL_BYTES = 128;

export interface Received {
  readonly source: Address;
  readonly destination: Address;
  readonly ttl: number;
  readonly ifindex: number;
  /** IPv4: with its header; IPv6: what follows the header. A copy. */
  readonly bytes: Uint8Array;
}

function openRaw(family: Family, protocol: number, device: string, prepare: (fd: Fd) => void): Fd {
  return closeOnError(new Fd(native().socket(AF[family], SOCK.raw, protocol), `raw socket ${protocol} on ${device}`), (fd) => {
    if (device !== '') bindToDevice(fd, device);
    prepare(fd);
    return fd;
  });
}

/** Packets of one protocol that arrive on one interface (`''`: on any) for this host or for a group that it joined. */
export class RawReceiver extends ReceivingSocket {
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  readonly #control = new Uint8Array(CONTROL_BYTES);
  readonly #groups = new Map<string, { readonly group: Address; readonly ifindex: number }>();

  /** @throws SystemError ENODEV, EPERM */
  constructor(
    readonly family: Family,
    readonly protocol: number,
    readonly device: string,
  ) {
    super(
      openRaw(family, protocol, device, (fd) => {
        const { level } = OPTIONS[family];
        for (const [option, value] of RECEIVER_OPTIONS[family]) native().setsockopt(fd.number, level, option, int32(value));
      }),
    );
  }

  /** Bytes that may be queued; more than net.core.rmem_max where this process is allowed to. */
  receiveBuffer(bytes: number): void {
    try {
      setReceiveBuffer(this.descriptor.number, bytes, true);
    } catch (error) {
      if (!hasCode(error, 'EPERM')) throw error;
      setReceiveBuffer(this.descriptor.number, bytes, false);
    }
  }

  /** ICMPv6: receive this type only (RFC 3542 §3.2: a set bit blocks its type). */
  onlyIcmpv6(type: number): void {
    const blocked = new Uint8Array(32).fill(0xff);
    viewOf(blocked).setUint32((type >> 5) * 4, ~(1 << (type & 31)) >>> 0, little);
    native().setsockopt(this.descriptor.number, IpProtocol.icmpv6, ICMPV6_FILTER, blocked);
  }

  /** Joins the groups that are new and leaves those that are not in the list. */
  setGroups(groups: readonly Address[], ifindex: number): void {
    const wanted = new Map(groups.map((group) => [`${ifindex} ${addressId(group)}`, { group, ifindex }]));
    for (const [key, one] of this.#groups) {
      if (!wanted.has(key)) {
        this.#groups.delete(key);
        this.#membership('drop', one.group, one.ifindex);
      }
    }
    for (const [key, one] of wanted) {
      if (!this.#groups.has(key)) {
        this.#membership('add', one.group, one.ifindex);
        this.#groups.set(key, one);
      }
    }
  }

  #membership(action: 'add' | 'drop', group: Address, ifindex: number): void {
    const request =
      group.family === 'inet'
        ? concat(encodeAddress(group), new Uint8Array(4), int32(ifindex))
        : concat(encodeAddress(group), int32(ifindex));
    const { level, [action]: option } = OPTIONS[this.family];
    native().setsockopt(this.descriptor.number, level, option, request);
  }

  /** The next packet, or undefined when none is queued. Packets longer than 8 KiB are cut. */
  receive(): Received | undefined {
    const from = new Uint8Array(SOCKET_ADDRESS_BYTES);
    const length = native().recvmsg(this.descriptor.number, this.#buffer, from, this.#control);
    if (length < 0) return undefined;
    const bytes = this.#buffer.slice(0, length);
    const control = readControl(this.#control);
    const inet = this.family === 'inet';
    return {
      source: addressIn(from, this.family),
      destination: (inet ? decodeAddress(bytes.slice(16, 20)) : control.destination) ?? ANY[this.family],
      ttl: inet ? (bytes[8] ?? 0) : control.ttl,
      ifindex: control.ifindex,
      bytes,
    };
  }
}

/** Sends whole packets with their headers by one interface (`''`: by the routing table). It never receives. */
export class RawSender {
  readonly #fd: Fd;

  /** @throws SystemError ENODEV, EPERM */
  constructor(
    readonly family: Family,
    readonly device: string,
    readonly ifindex: number,
  ) {
    this.#fd = openRaw(family, IPPROTO_RAW, device, (fd) => {
      const { level, multicastLoop, multicastIf } = OPTIONS[family];
      sendBeforeOthers(fd);
      native().setsockopt(fd.number, level, multicastLoop, int32(0));
      if (ifindex > 0) {
        const mreqn = family === 'inet' ? concat(new Uint8Array(8), int32(ifindex)) : int32(ifindex);
        native().setsockopt(fd.number, level, multicastIf, mreqn);
      }
    });
  }

  /** What it sends has this firewall mark from now on. */
  mark(mark: number): void {
    markPackets(this.#fd, mark);
  }

  /** @throws SystemError ENETUNREACH, ENETDOWN, EPERM (a firewall), EAGAIN (a full queue) */
  send(packet: Uint8Array, destination: Address): void {
    native().sendto(this.#fd.number, packet, socketAddress(destination, 0, this.ifindex));
  }

  close(): void {
    this.#fd.close();
  }
}
