// The socket filter of bpf/filters/bfd.bpf.c: configures the sessions, and reads how many packets were dropped and why.

import type { BfdRefusal } from '../../control/bfd/messages.js';
import { BFD_REASON_NAMES } from '../../control/bfd/refusals.gen.js';
import type { Session } from '../../control/bfd/state.js';
import { portOf, ttlMin } from '../../control/bfd/validate.js';
import { addressId } from '../../model/identity.js';
import { encodeRecord } from '../../sys/bpf/records.js';
import { encodeAddress } from '../../wire/address-bytes.js';
import { BFD_PORTS } from '../../wire/bfd.js';
import { bigEndian32 } from '../../wire/bytes.js';
import { BfdNeighbourKey, BfdRule, BfdSessionKey } from '../filter/abi.gen.js';
import type { Filter } from '../filter/filter-keeper.js';
import { FilterTable, SocketFilter, type TableEntry } from '../filter/socket-filter.js';

const SECOND_NS = 1e9;
/** A neighbour may send this many times its rate, and at least RATE_MIN_PER_SECOND: polls and changes add packets. */
const RATE_FACTOR = 20;
const RATE_MIN_PER_SECOND = 100;
/** A neighbour that does not know our discriminator is not up, and sends one packet a second (RFC 5880 §6.8.3). */
const UNKNOWING_PER_SECOND = 20;

function encodeRule(ttlMin: number, perSecond: number): Uint8Array {
  const spacing = BigInt(Math.round(SECOND_NS / perSecond));
  return encodeRecord(BfdRule, { ttlMin, spacing, burst: BigInt(SECOND_NS) });
}

const perSecond = ({ requiredMinRxUs }: Session): number => Math.max(RATE_MIN_PER_SECOND, (RATE_FACTOR * 1e6) / requiredMinRxUs);

/** By our discriminator. */
function sessionEntries(sessions: readonly Session[]): readonly TableEntry[] {
  return sessions.map((session) => {
    const discriminator = bigEndian32(session.discriminator);
    const key = encodeRecord(BfdSessionKey, { discriminator, port: BFD_PORTS[portOf(session.config)] });
    return { key, value: encodeRule(ttlMin(session.config), perSecond(session)) };
  });
}

/** By the neighbour's address, which several sessions may share: a packet that one of them accepts passes. */
function neighbourEntries(sessions: readonly Session[]): readonly TableEntry[] {
  const shared = new Map<string, Session[]>();
  for (const session of sessions) {
    const id = `${addressId(session.config.neighbour)} ${portOf(session.config)}`;
    shared.set(id, [...(shared.get(id) ?? []), session]);
  }
  return [...shared.values()].flatMap((sharing) => {
    const [first] = sharing;
    if (first === undefined) return [];
    const { neighbour } = first.config;
    const family = neighbour.family === 'inet' ? 4 : 6;
    const key = encodeRecord(BfdNeighbourKey, { address: encodeAddress(neighbour), family, port: BFD_PORTS[portOf(first.config)] });
    const ttl = Math.min(...sharing.map(({ config }) => ttlMin(config)));
    return [{ key, value: encodeRule(ttl, UNKNOWING_PER_SECOND * sharing.length) }];
  });
}

export class BfdFilter extends SocketFilter<BfdRefusal> implements Filter<readonly Session[], BfdRefusal> {
  readonly #sessions: FilterTable;
  readonly #neighbours: FilterTable;

  /** For as many sessions; `variables`: of a test. @throws SystemError EPERM, or an error of the verifier */
  constructor(room: number, variables: Readonly<Record<string, Uint8Array>> = {}) {
    const entries = { sessions: room, neighbours: room };
    super({ file: 'weir-bfd.bpf.o', program: 'bfd_filter', others: [], entries, room, reasons: BFD_REASON_NAMES, variables });
    this.#sessions = new FilterTable(this.map('sessions'));
    this.#neighbours = new FilterTable(this.map('neighbours'));
  }

  configure(sessions: readonly Session[]): boolean {
    if (sessions.length > this.room) return false;
    this.#sessions.set(sessionEntries(sessions));
    this.#neighbours.set(neighbourEntries(sessions));
    return true;
  }
}
