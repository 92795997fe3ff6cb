// Changes of links, addresses, routes, rules and policies of IPsec, as the kernel reports them (man 7 rtnetlink, multicast groups).
import { decodeMessages, type NetlinkMessage } from '../../wire/netlink.js';
import { native } from '../addon.js';
import { hasCode, unlessCode } from '../errno.js';
import { closeOnError, Fd } from '../fd.js';
import { type Watch, whenReadable } from '../readable.js';
import { setReceiveBuffer } from '../sockets/receive-buffer.js';
import { SOCK } from '../sockets/socket-address.js';
import { AF_NETLINK, NETLINK_ADDRESS_BYTES, netlinkAddress, netlinkPort } from './netlink-address.js';

/** Kinds of netlink. */
export const NetlinkKind = { route: 0, xfrm: 6, netfilter: 12 } as const;
const BUFFER_BYTES = 1 << 16;
const QUEUE_BYTES = 4 << 20;
/** Datagrams read before control returns to the event loop. */
const READS_MAX = 64;

/** RTMGRP_*: bits of the multicast groups to join. */
export const MonitorGroup = {
  link: 0x1,
  address4: 0x10,
  route4: 0x40,
  rule4: 0x80,
  address6: 0x100,
  route6: 0x400,
  rule6: 0x40000,
  settings4: 0x800000,
} as const;

/** XFRMGRP_*, of the kind `xfrm`. `expiries`: of associations, too. */
export const IpsecGroup = { expiries: 0x2, policies: 0x8 } as const;

/** Of the kind `netfilter`: NFNLGRP_NFTABLES, which is number 7. */
export const NetfilterGroup = { rules: 0x40 } as const;

export interface MonitorEvents {
  /** The changes since the last call, in order. */
  readonly changes: (messages: readonly NetlinkMessage[]) => void;
  /** Messages were lost: everything must be read again. */
  readonly overrun: () => void;
}

export class NetlinkMonitor {
  readonly #fd: Fd;
  readonly #watch: Watch;
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  readonly #events: MonitorEvents;

  /** In our own network namespace. `groups`: of this kind. @throws SystemError */
  constructor(groups: number, events: MonitorEvents, kind: number = NetlinkKind.route) {
    this.#events = events;
    this.#fd = new Fd(native().socket(AF_NETLINK, SOCK.raw, kind), 'netlink monitor');
    closeOnError(this.#fd, (fd) => {
      this.receiveBuffer();
      native().bind(fd.number, netlinkAddress(groups));
    });
    this.#watch = whenReadable(this.#fd.number, () => this.read());
  }

  /** See setReceiveBuffer; without `bytes`: 4 MiB where this process is allowed to, else unchanged. @throws SystemError EPERM */
  receiveBuffer(bytes?: number, force = true): void {
    if (bytes === undefined) {
      unlessCode(() => setReceiveBuffer(this.#fd.number, QUEUE_BYTES, true), ['EPERM'], undefined);
    } else {
      setReceiveBuffer(this.#fd.number, bytes, force);
    }
  }

  /** Reads the queued messages now, without waiting for the event loop. */
  read(): void {
    const messages: NetlinkMessage[] = [];
    let overrun = false;
    const from = new Uint8Array(NETLINK_ADDRESS_BYTES);
    for (let count = 0; count < READS_MAX; count++) {
      let length: number;
      try {
        length = native().recvfrom(this.#fd.number, this.#buffer, from);
      } catch (error) {
        if (!hasCode(error, 'ENOBUFS')) throw error;
        overrun = true;
        continue;
      }
      if (length < 0) break;
      if (netlinkPort(from) === 0) messages.push(...(decodeMessages(this.#buffer.subarray(0, length)) ?? []));
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
