// What the kernel tells about links, addresses, routes and rules when they change (man 7 rtnetlink, multicast groups).
import { hostIsLittleEndian as little, viewOf } from '../../wire/bytes.js';
import { decodeMessages, type NetlinkMessage } from '../../wire/netlink.js';
import { native } from '../addon.js';
import { hasCode, unlessCode } from '../errno.js';
import { Fd } from '../fd.js';
import { type Watch, whenReadable } from '../readable.js';
import { setReceiveBuffer } from '../sockets/receive-buffer.js';

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const NETLINK_ROUTE = 0;
const ROOM = 1 << 16;
const QUEUE_BYTES = 4 << 20;
/** Datagrams read before the event loop has its turn again. */
const READ_AT_ONCE = 64;

/** RTMGRP_*: bits of the groups to listen to. */
export const MonitorGroup = {
  link: 0x1,
  address4: 0x10,
  route4: 0x40,
  rule4: 0x80,
  address6: 0x100,
  route6: 0x400,
  rule6: 0x40000,
} as const;

export interface MonitorEvents {
  /** The changes since the last call, in their order. */
  readonly changes: (messages: readonly NetlinkMessage[]) => void;
  /** Some were lost: everything must be read anew. */
  readonly overrun: () => void;
}

export class NetlinkMonitor {
  readonly #fd: Fd;
  readonly #watch: Watch;
  readonly #room = new Uint8Array(ROOM);
  readonly #events: MonitorEvents;

  /** In our own network namespace. @throws SystemError */
  constructor(groups: number, events: MonitorEvents) {
    this.#events = events;
    this.#fd = new Fd(native().socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE), 'netlink monitor');
    const address = new Uint8Array(12);
    const view = viewOf(address);
    view.setUint16(0, AF_NETLINK, little);
    view.setUint32(8, groups, little);
    try {
      this.receiveBuffer();
      native().bind(this.#fd.number, address);
    } catch (error) {
      this.#fd.close();
      throw error;
    }
    this.#watch = whenReadable(this.#fd.number, () => this.read());
  }

  /** As setReceiveBuffer has it; without `bytes` what is good for most, where we may have it. @throws SystemError EPERM */
  receiveBuffer(bytes?: number, force = true): void {
    if (bytes === undefined) {
      unlessCode(() => setReceiveBuffer(this.#fd.number, QUEUE_BYTES, true), ['EPERM'], undefined);
    } else {
      setReceiveBuffer(this.#fd.number, bytes, force);
    }
  }

  /** Takes what waits now, without the event loop. */
  read(): void {
    const messages: NetlinkMessage[] = [];
    let overrun = false;
    const from = new Uint8Array(12);
    for (let count = 0; count < READ_AT_ONCE; count++) {
      let length: number;
      try {
        length = native().recvfrom(this.#fd.number, this.#room, from);
      } catch (error) {
        if (!hasCode(error, 'ENOBUFS')) throw error;
        overrun = true;
        continue;
      }
      if (length < 0) break;
      if (viewOf(from).getUint32(4, little) === 0) messages.push(...(decodeMessages(this.#room.subarray(0, length)) ?? []));
    }
    if (overrun) {
      this.#events.overrun();
    } else if (messages.length > 0) {
      this.#events.changes(messages);
    }
  }

  close(): void {
    this.#watch.stop();
    this.#fd.close();
  }
}
