// A netlink socket: one request at a time; each call waits for its answer. For a few requests, as commands make them.
import { constants } from 'node:os';
import {
  decodeError,
  decodeMessages,
  encodeMessage,
  NetlinkFlag,
  type NetlinkMessage,
  type NetlinkRequest,
  NetlinkType,
} from '../../wire/netlink.js';
import { native } from '../addon.js';
import { Fd } from '../fd.js';
import type { SystemError } from '../native.js';
import { POLLIN } from '../readable.js';
import { setReceiveBuffer } from '../sockets/receive-buffer.js';
import { SOCK } from '../sockets/socket-address.js';
import { int32 } from '../sockets/socket-options.js';
import { AF_NETLINK, NETLINK_ADDRESS_BYTES, netlinkAddress, netlinkPort } from './netlink-address.js';
import { NetlinkKind } from './netlink-monitor.js';

/** Families of messages by name: ethtool and others. */
export const NETLINK_GENERIC = 16;
const SOL_NETLINK = 270;
const NETLINK_EXT_ACK = 11;
const BUFFER_BYTES = 1 << 16;
/** The kernel answers within sendto; a longer wait means that no answer will come. */
const ANSWER_MS = 5000;
/** A dump is repeated when the table changed while it was read; after so many tries it fails. */
const DUMP_TRIES = 10;

const NAMES = new Map(Object.entries(constants.errno).map(([name, number]) => [number, name]));

/** A failure that the kernel reported by a message instead of a system call. */
export function netlinkFailure(errno: number, what: string, text?: string): SystemError {
  const code = NAMES.get(errno) ?? `E${errno}`;
  const words = text === undefined ? '' : ` (${text})`;
  return Object.assign(new Error(`${code}: ${what}${words}`), { code, errno, syscall: 'netlink' });
}

/** Requests to the kernel in one network namespace. Every method throws SystemError with the errno's name in `code`. */
export class Netlink {
  readonly #fd: Fd;
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  #sequence = 0;

  /** `nsfd`: a descriptor of the network namespace; absent: our own. `protocol`: NETLINK_*, route by default. */
  constructor(nsfd?: number, protocol: number = NetlinkKind.route) {
    this.#fd = new Fd(native().socket(AF_NETLINK, SOCK.raw, protocol, nsfd ?? -1), 'netlink');
    native().setsockopt(this.#fd.number, SOL_NETLINK, NETLINK_EXT_ACK, int32(1));
  }

  close(): void {
    this.#fd.close();
  }

  /** See setReceiveBuffer. */
  receiveBuffer(bytes: number, force: boolean): void {
    setReceiveBuffer(this.#fd.number, bytes, force);
  }

  /** This socket's port number: messages about its own changes carry it. */
  get port(): number {
    const own = new Uint8Array(NETLINK_ADDRESS_BYTES);
    native().getsockname(this.#fd.number, own);
    return netlinkPort(own);
  }

  /** Sends a change and waits for the kernel's acknowledgement. `what` names it in an error: `add 10.0.0.1/32 to lo`. */
  change(request: NetlinkRequest, what: string): void {
    this.#send(request, NetlinkFlag.ack);
    this.#answers(what, true);
  }

  /** Asks for one object and returns its payload. */
  get(request: NetlinkRequest, what: string): Uint8Array {
    this.#send(request, NetlinkFlag.ack);
    const [first] = this.#answers(what, true).messages;
    if (first === undefined) throw netlinkFailure(constants.errno.ENOMSG, what, 'acknowledged without an answer');
    return first.payload;
  }

  /** Asks for a whole table. Returns the decoded payloads; those that decode to undefined are left out. */
  dump<T>(request: NetlinkRequest, decode: (payload: Uint8Array) => T | undefined, what: string): T[] {
    for (let attempt = 0; attempt < DUMP_TRIES; attempt++) {
      this.#send(request, 0);
      const { messages, interrupted } = this.#answers(what, false);
      if (!interrupted) return messages.map(({ payload }) => decode(payload)).filter((value) => value !== undefined);
    }
    throw netlinkFailure(constants.errno.EAGAIN, what, 'the table kept changing while it was read');
  }

  #send(request: NetlinkRequest, extra: number): void {
    this.#sequence = (this.#sequence + 1) >>> 0;
    const message = { ...request, flags: request.flags | NetlinkFlag.request | extra, sequence: this.#sequence, port: 0 };
    native().sendto(this.#fd.number, encodeMessage(message), netlinkAddress());
  }

  /** Reads until the acknowledgement (single) or the dump's end. */
  #answers(what: string, single: boolean): { messages: NetlinkMessage[]; interrupted: boolean } {
    const messages: NetlinkMessage[] = [];
    let interrupted = false;
    for (;;) {
      for (const message of this.#receive(what)) {
        interrupted ||= (message.flags & NetlinkFlag.dumpInterrupted) !== 0;
        if (message.type === NetlinkType.error || message.type === NetlinkType.done) {
          const error = decodeError(message);
          if (error !== undefined && error.errno !== 0) throw netlinkFailure(error.errno, what, error.text);
          return { messages, interrupted };
        }
        if (message.type === NetlinkType.overrun) throw netlinkFailure(constants.errno.ENOBUFS, what);
        if (message.type !== NetlinkType.noop) messages.push(message);
      }
      if (single && messages.length > 1) throw netlinkFailure(constants.errno.EPROTO, what, 'more than one answer');
    }
  }

  /** The messages of one datagram that answer the last request; late answers to an earlier one are left out. */
  #receive(what: string): readonly NetlinkMessage[] {
    const sender = new Uint8Array(NETLINK_ADDRESS_BYTES);
    let length = native().recvfrom(this.#fd.number, this.#buffer, sender);
    if (length < 0) {
      if (native().pollOnce(this.#fd.number, POLLIN, ANSWER_MS) === 0) {
        throw netlinkFailure(constants.errno.ETIMEDOUT, what, 'the kernel did not answer');
      }
      length = native().recvfrom(this.#fd.number, this.#buffer, sender);
    }
    if (length < 0 || netlinkPort(sender) !== 0) return [];
    const messages = decodeMessages(this.#buffer.subarray(0, length));
    if (messages === undefined) throw netlinkFailure(constants.errno.EBADMSG, what);
    return messages.filter(({ sequence }) => sequence === this.#sequence);
  }
}
