// Transactions with nf_tables in our own network namespace: all messages of one take effect, or none.
import { constants } from 'node:os';
import { decodeError, decodeMessages, type NetlinkMessage, NetlinkType } from '../../wire/netlink.js';
import {
  decodeTable,
  encodeBatch,
  encodeRulesQuestion,
  encodeTableQuestion,
  encodeTablesQuestion,
  type NftMessage,
  type NftTable,
} from '../../wire/nftables.js';
import { native } from '../addon.js';
import { hasCode, unlessCode } from '../errno.js';
import { Fd } from '../fd.js';
import { SOCK } from '../sockets/socket-address.js';
import { int32, SOL_SOCKET } from '../sockets/socket-options.js';
import { netlinkFailure } from './netlink.js';
import { AF_NETLINK, netlinkAddress } from './netlink-address.js';

const NETLINK_NETFILTER = 12;
const BUFFER_BYTES = 1 << 16;
const SO_SNDBUFFORCE = 32;
/** The messages of a transaction are one datagram: those of 65,535 services are 3 MB. */
const SEND_BYTES = 1 << 23;

export class Nftables {
  readonly #fd = new Fd(native().socket(AF_NETLINK, SOCK.raw, NETLINK_NETFILTER), 'nf_tables');
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  #sequence = 1;

  constructor() {
    unlessCode(() => native().setsockopt(this.#fd.number, SOL_SOCKET, SO_SNDBUFFORCE, int32(SEND_BYTES)), ['EPERM'], undefined);
  }

  /** `what` names it in an error. @throws SystemError the first refusal: nothing was changed then */
  commit(messages: readonly NftMessage[], what: string): void {
    const first = this.#sequence;
    this.#sequence = (this.#sequence + messages.length + 2) % 0x7fffffff;
    native().sendto(this.#fd.number, encodeBatch(messages, first), netlinkAddress());
    // The kernel carries the batch out within sendto: all answers are queued by now.
    let failure: Error | undefined;
    for (let length = this.#receive(); length >= 0; length = this.#receive()) {
      for (const message of decodeMessages(this.#buffer.subarray(0, length)) ?? []) {
        const error = message.type === NetlinkType.error && message.sequence >= first ? decodeError(message) : undefined;
        if (error !== undefined && error.errno !== 0) failure ??= netlinkFailure(error.errno, what, error.text);
      }
    }
    if (failure !== undefined) throw failure;
  }

  /** Is there such a table? @throws SystemError */
  hasTable(family: number, table: string): boolean {
    const sequence = this.#sequence++;
    return this.#has(encodeTableQuestion(family, table, sequence), sequence, `table ${table}`);
  }

  /** Are there rules in such a table? @throws SystemError */
  hasRules(family: number, table: string): boolean {
    const sequence = this.#sequence++;
    return this.#has(encodeRulesQuestion(family, table, sequence), sequence, `rules of table ${table}`);
  }

  /** All tables. @throws SystemError */
  tables(): readonly NftTable[] {
    const sequence = this.#sequence++;
    return this.#ask(encodeTablesQuestion(sequence), sequence, 'tables').flatMap(({ payload }) => decodeTable(payload) ?? []);
  }

  /** Does anything answer? */
  #has(question: Uint8Array, sequence: number, what: string): boolean {
    return this.#ask(question, sequence, what).length > 0;
  }

  #ask(question: Uint8Array, sequence: number, what: string): readonly NetlinkMessage[] {
    native().sendto(this.#fd.number, question, netlinkAddress());
    const found: NetlinkMessage[] = [];
    for (let length = this.#receive(); length >= 0; length = this.#receive()) {
      for (const message of decodeMessages(this.#buffer.subarray(0, length)) ?? []) {
        if (message.sequence !== sequence || message.type === NetlinkType.done) continue;
        const error = message.type === NetlinkType.error ? decodeError(message) : undefined;
        if (error === undefined) found.push(message);
        else if (error.errno !== 0 && error.errno !== constants.errno.ENOENT) throw netlinkFailure(error.errno, what, error.text);
      }
    }
    return found;
  }

  #receive(): number {
    try {
      return native().recvfrom(this.#fd.number, this.#buffer);
    } catch (error) {
      if (hasCode(error, 'ENOBUFS')) {
        throw netlinkFailure(constants.errno.ENOBUFS, 'nf_tables', 'more answers than there is room for');
      }
      throw error;
    }
  }

  close(): void {
    this.#fd.close();
  }
}
