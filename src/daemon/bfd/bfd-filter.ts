// The socket filter of bpf/bfd-filter.bpf.c: told which sessions there are, asked how many packets it dropped and why.
import { leastTtl, portOf } from '../../control/bfd/checks.js';
import { BFD_REFUSALS, type BfdRefusal } from '../../control/bfd/interface.js';
import type { Session } from '../../control/bfd/machine.js';
import { addressId } from '../../model/identity.js';
import { artifact } from '../../sys/artifact.js';
import { type BpfMap, ObjectFile, type Program } from '../../sys/bpf.js';
import { encodeAddress } from '../../wire/address-bytes.js';
import { BFD_PORTS } from '../../wire/bfd.js';
import { hostIsLittleEndian as little, viewOf } from '../../wire/bytes.js';
import { type Filterable, FilterTable, type TableEntry } from '../vrrp/socket-filter.js';

const RULE_BYTES = 32;
const ACCOUNT_BYTES = 8 * (2 * BFD_REFUSALS.length + 8);
const SECOND_NS = 1e9;
/** A neighbour may send this many times what it owes, and at least so many a second: polls and what changed come between. */
const GENEROSITY = 20;
const LEAST_PER_SECOND = 100;
/** Who does not know our discriminator is not up, and owes one packet a second (RFC 5880 §6.8.3). */
const STRANGERS_PER_SECOND = 20;

function encodeRule(ttl: number, perSecond: number): Uint8Array {
  const rule = new Uint8Array(RULE_BYTES);
  const view = viewOf(rule);
  view.setUint32(0, ttl, little);
  view.setBigUint64(8, BigInt(Math.round(SECOND_NS / perSecond)), little);
  view.setBigUint64(16, BigInt(SECOND_NS), little);
  return rule;
}

const perSecond = ({ requiredMinRxUs }: Session): number => Math.max(LEAST_PER_SECOND, (GENEROSITY * 1e6) / requiredMinRxUs);

/** By our discriminator. */
export function sessionEntries(sessions: readonly Session[]): readonly TableEntry[] {
  return sessions.map((session) => {
    const key = new Uint8Array(8);
    viewOf(key).setUint32(0, session.discriminator); // as on the wire
    viewOf(key).setUint32(4, BFD_PORTS[portOf(session.config)], little);
    return { key, value: encodeRule(leastTtl(session.config), perSecond(session)) };
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
    const key = new Uint8Array(24);
    const { neighbour } = first.config;
    key.set(encodeAddress(neighbour));
    viewOf(key).setUint32(16, neighbour.family === 'inet' ? 4 : 6, little);
    viewOf(key).setUint32(20, BFD_PORTS[portOf(first.config)], little);
    const ttl = Math.min(...sharing.map(({ config }) => leastTtl(config)));
    return [{ key, value: encodeRule(ttl, STRANGERS_PER_SECOND * sharing.length) }];
  });
}

export class BfdFilter {
  readonly #object: ObjectFile;
  readonly #program: Program;
  readonly #sessions: FilterTable;
  readonly #neighbours: FilterTable;
  readonly #accounts: BpfMap;
  readonly #counts: DataView;
  readonly #told = new Map<BfdRefusal, bigint>();

  /** For as many sessions; `variables`: of a test. @throws SystemError EPERM, or whatever the verifier says */
  constructor(
    readonly room: number,
    variables: Readonly<Record<string, Uint8Array>> = {},
  ) {
    this.#object = new ObjectFile(artifact('weir-bfd.bpf.o'));
    try {
      for (const [name, value] of Object.entries(variables)) this.#object.variable(name, value);
      this.#object.mapEntries('sessions', room).mapEntries('neighbours', room).mapEntries('accounts', 1).load();
      this.#program = this.#object.program('bfd_filter');
      this.#sessions = new FilterTable(this.#object.map('sessions'));
      this.#neighbours = new FilterTable(this.#object.map('neighbours'));
      this.#accounts = this.#object.map('accounts');
      this.#counts = new DataView(this.#accounts.mmap(ACCOUNT_BYTES, false));
    } catch (error) {
      this.#object.close();
      throw error;
    }
  }

  configure(sessions: readonly Session[]): void {
    this.#sessions.set(sessionEntries(sessions));
    this.#neighbours.set(neighbourEntries(sessions));
  }

  attach(socket: Filterable): void {
    socket.attachFilter(this.#program.fd.number);
  }

  /** Whether a packet, which begins with its Ethernet header, would pass; `repeat`: tried so often. */
  passes(packet: Uint8Array, repeat = 1): boolean {
    return this.#program.test({ data: packet, repeat, outSize: 0 }).retval !== 0;
  }

  /** What was dropped since the last call; undefined: nothing. */
  takeCounts(): Readonly<Partial<Record<BfdRefusal, number>>> | undefined {
    const counts: Partial<Record<BfdRefusal, number>> = {};
    BFD_REFUSALS.forEach((reason, index) => {
      const now = this.#counts.getBigUint64(index * 8, little);
      const before = this.#told.get(reason) ?? 0n;
      if (now > before) counts[reason] = Number(now - before);
      this.#told.set(reason, now);
    });
    return Object.keys(counts).length === 0 ? undefined : counts;
  }

  close(): void {
    for (const { map } of [this.#sessions, this.#neighbours]) map.close();
    this.#accounts.close();
    this.#program.close();
    this.#object.close();
  }
}
