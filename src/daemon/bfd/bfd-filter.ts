// The socket filter of bpf/filters/bfd.bpf.c: told which sessions there are, asked how many packets it dropped and why.

import type { BfdRefusal } from '../../control/bfd/messages.js';
import type { Session } from '../../control/bfd/state.js';
import { portOf, ttlMin } from '../../control/bfd/validate.js';
import { addressId } from '../../model/identity.js';
import { encodeRecord } from '../../sys/records.js';
import { encodeAddress } from '../../wire/address-bytes.js';
import { BFD_PORTS } from '../../wire/bfd.js';
import { bigEndian32 } from '../../wire/bytes.js';
import { BFD_REASON_NAMES, BfdNeighbourKey, BfdRule, BfdSessionKey } from '../filter/abi.gen.js';
import type { Filter } from '../filter/filter-keeper.js';
import { FilterTable, SocketFilter, type TableEntry } from '../filter/socket-filter.js';

const SECOND_NS = 1e9;
/** A neighbour may send this many times what it owes, and at least so many a second: polls and what changed come between. */
const GENEROSITY = 20;
const LEAST_PER_SECOND = 100;
/** Who does not know our discriminator is not up, and owes one packet a second (RFC 5880 §6.8.3). */
const STRANGERS_PER_SECOND = 20;

function encodeRule(ttlMin: number, perSecond: number): Uint8Array {
  const spacing = BigInt(Math.round(SECOND_NS / perSecond));
  return encodeRecord(BfdRule, { ttlMin, spacing, burst: BigInt(SECOND_NS) });
}

const perSecond = ({ requiredMinRxUs }: Session): number => Math.max(LEAST_PER_SECOND, (GENEROSITY * 1e6) / requiredMinRxUs);

/** By our discriminator. */
export function sessionEntries(sessions: readonly Session[]): readonly TableEntry[] {
  return sessions.map((session) => {
    const discriminator = bigEndian32(session.discriminator);
    const key = encodeRecord(BfdSessionKey, { discriminator, port: BFD_PORTS[portOf(session.config)] });
    return { key, value: encodeRule(ttlMin(session.config), perSecond(session)) };
  });
}

/** By the neighbour's address, which several sessions may share: what one of them takes passes. */
export function neighbourEntries(sessions: readonly Session[]): readonly TableEntry[] {
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
    return [{ key, value: encodeRule(ttl, STRANGERS_PER_SECOND * sharing.length) }];
  });
}

export class BfdFilter extends SocketFilter<BfdRefusal> implements Filter<readonly Session[], BfdRefusal> {
  readonly #sessions: FilterTable;
  readonly #neighbours: FilterTable;

  /** For as many sessions; `variables`: of a test. @throws SystemError EPERM, or whatever the verifier says */
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
