// What the loaded programs know of fragmented packets, beside what the reference director knows: the same notes and the same waiting fragments, which
// count as long, and the same servers that such may come from.
import assert from 'node:assert/strict';
import { Method } from '../../../src/datapath/ebpf/abi.gen.js';
import { addressAt } from '../../../src/datapath/ebpf/explain/live-fragments.js';
import { Fragment, FragmentAbi, FragmentKey, FragmentKind, FragmentServer } from '../../../src/datapath/ebpf/fragment.gen.js';
import { packetWords } from '../../../src/datapath/ebpf/table/record-address.js';
import {
  type FragmentEntry,
  type Fragments,
  fragmentKey,
  isWhole,
  type LocalSource,
} from '../../../src/datapath/memory/packets/fragments.js';
import { addressOf, familyOf, type Ip, textOf } from '../../../src/datapath/memory/packets/ip.js';
import { parseFrame } from '../../../src/datapath/memory/packets/parse.js';
import type { Family } from '../../../src/model/address.js';
import { encodeRecord, readField } from '../../../src/sys/bpf/records.js';
import { swap16, swap32, viewOf } from '../../../src/wire/bytes.js';
import type { FragmentTables } from '../fragment-tables.js';

interface Seen {
  readonly kind: number;
  /** As FragmentEntry has it. */
  readonly held: number;
  /** Of one that waits, as FragmentEntry has them. */
  readonly whole?: number;
  readonly first?: number;
  /** Of one that is decided: all fragments have come. */
  readonly complete?: boolean;
  /** Of a request or a reply: where the later ones go. */
  readonly to?: {
    readonly destination: number;
    readonly method: number;
    readonly virtual?: string;
    readonly client?: string;
    readonly local?: string;
  };
}

interface Loaded {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly name: string;
}

const KINDS = {
  pass: FragmentKind.FRAGMENT_PASS,
  drop: FragmentKind.FRAGMENT_DROP,
  request: FragmentKind.FRAGMENT_REQUEST,
  reply: FragmentKind.FRAGMENT_REPLY,
} as const;
const METHODS: Readonly<Record<string, number>> = { masq: Method.M_MASQ, tunnel: Method.M_TUNNEL, route: Method.M_ROUTE };

/** An ID as the host has it, of a packet from or to this address. `word`: in the packet's order. */
const idAt = (address: Ip, word: number): number => (familyOf(address) === 'inet' ? swap16(word) : swap32(word));

/** Of IPv6 the key has no protocol, and no packet of IPv4 whose protocol is 0 is looked at. */
const familyIn = (key: Uint8Array): Family => (readField(key, FragmentKey.protocol) === 0 ? 'inet6' : 'inet');

function nameOf(key: Uint8Array): string {
  const family = familyIn(key);
  const [source, destination] = [addressAt(key, FragmentKey.saddr.at, family), addressAt(key, FragmentKey.daddr.at, family)];
  const id = idAt(source, readField(key, FragmentKey.id));
  return fragmentKey({ family, source, destination, protocol: readField(key, FragmentKey.protocol) }, id);
}

/** A server as the map has it, which does not have its family. */
const serverRecord = (server: Ip): string => hexOf(encodeRecord(FragmentServer, { addr: packetWords(addressOf(server)) }));
const hexOf = (record: Uint8Array): string => Buffer.from(record).toString('hex');

function seenIn({ key, value }: Pick<Loaded, 'key' | 'value'>): Seen {
  const family = familyIn(key);
  const word = viewOf(value).getBigUint64(Fragment.word.at, true);
  const kind = Number(word >> BigInt(FragmentAbi.FRAGMENT_KIND_SHIFT));
  const held = Number(word & 0xffffffffn);
  const waits = { whole: readField(value, Fragment.whole), first: readField(value, Fragment.first) };
  if (kind === FragmentKind.FRAGMENT_WAITING) return { kind, held, ...waits };
  const complete = viewOf(value).getBigUint64(Fragment.gaps.at, true) === 0n;
  if (kind !== KINDS.request && kind !== KINDS.reply) return { kind, held, complete };
  const to = { destination: readField(value, Fragment.dest), method: readField(value, Fragment.method) };
  const byFlow = readField(value, Fragment.byFlow) !== 0;
  const source = addressAt(value, Fragment.addr.at, family);
  if (kind === KINDS.request) return { kind, held, complete, to: { ...to, ...(byFlow && { local: localIn(value, source) }) } };
  return {
    kind,
    held,
    complete,
    to: { ...to, virtual: textOf(source), ...(byFlow && { client: textOf(addressAt(value, Fragment.to.at, family)) }) },
  };
}

/** IPv4's IDs are the low halves of the programs' numbers. */
const localText = ({ address, port, id }: LocalSource): string =>
  `${textOf(address)} ${port} ${familyOf(address) === 'inet' ? id & 0xffff : id}`;
const localIn = (value: Uint8Array, address: Ip): string =>
  localText({ address, port: viewOf(value).getUint32(Fragment.to.at, true), id: idAt(address, readField(value, Fragment.id)) });

function seenInMemory({ note, held, whole, first, spans }: FragmentEntry): Seen {
  if (note === undefined) return { kind: FragmentKind.FRAGMENT_WAITING, held, whole, first };
  const kind = KINDS[note.kind];
  const complete = isWhole(spans);
  if (note.kind === 'pass' || note.kind === 'drop') return { kind, held, complete };
  const { id: destination } = note.destination;
  if (note.kind === 'request') {
    const { method, local } = note;
    return { kind, held, complete, to: { destination, method: METHODS[method] ?? -1, ...(local && { local: localText(local) }) } };
  }
  const client = note.client === undefined ? {} : { client: textOf(note.client) };
  return { kind, held, complete, to: { destination, method: Method.M_MASQ, virtual: textOf(note.virtual), ...client } };
}

export class FragmentView {
  constructor(
    readonly tables: FragmentTables,
    readonly fragments: Fragments,
  ) {}

  /** Gives each entry of the programs the time that it has left in memory. `offset`: from memory's clock to theirs. */
  setClock(offset: number): void {
    for (const { key, value, name } of this.#loaded()) {
      const until = this.fragments.untilOf(name);
      if (until === undefined) continue;
      viewOf(value).setUint32(Fragment.until.at, offset + until, true);
      this.tables.notes.update(key, value);
    }
  }

  /** Does the frame have a first fragment, for which later ones wait, or a last one, for which the first one waits? */
  isAwaited(frame: Uint8Array): boolean {
    const { packet } = parseFrame(frame, 0);
    const { part } = packet ?? {};
    if (packet === undefined || part === undefined) return false;
    const key = fragmentKey(packet, part.id);
    return part.later ? part.whole !== 0 && this.fragments.awaitsLast(key) : this.fragments.isAwaited(key);
  }

  /** Does one end within some units? */
  endsWithin(now: number, units: number): boolean {
    return [...this.fragments.living(now).values()].some(({ until }) => until <= now + units);
  }

  compare(what: string, now: number, offset: number, slack: number): void {
    const living = this.fragments.living(now);
    const ended = ({ name, value }: Loaded): boolean => !living.has(name) && ((readField(value, Fragment.until) - offset - now) | 0) < 0;
    const loaded = [...this.#loaded()].filter((each) => !ended(each));
    assert.deepEqual(
      Object.fromEntries([...living].map(([name, entry]) => [name, seenInMemory(entry)])),
      Object.fromEntries(loaded.map((each) => [each.name, seenIn(each)])),
      `fragmented packets in memory, of the programs, ${what}`,
    );
    for (const { name, value } of loaded) {
      const late = (readField(value, Fragment.until) - offset - (living.get(name)?.until ?? 0)) | 0;
      assert.ok(Math.abs(late) <= slack, `the entry of fragments ${name} ends ${late} units later of the programs, ${what}`);
    }
    const id = new Uint8Array(4);
    const ids = [...this.tables.servers.keys()].map((key) => {
      this.tables.servers.lookup(key, id);
      return [hexOf(key), viewOf(id).getUint32(0, true)];
    });
    assert.deepEqual(
      Object.fromEntries([...this.fragments.servers].map(([server, last]) => [serverRecord(server), last])),
      Object.fromEntries(ids),
      `servers of fragments and their packets' IDs in memory, of the programs, ${what}`,
    );
  }

  /** What of the rules the entries show. */
  *labels(now: number): Generator<string> {
    for (const { note } of this.fragments.living(now).values()) {
      yield note === undefined ? 'waiting fragment' : `fragments: ${note.kind}`;
      if (note?.kind === 'request' && note.local !== undefined) yield 'fragments: request by FULLNAT';
      if (note?.kind === 'reply' && note.client !== undefined) yield 'fragments: reply by FULLNAT';
    }
  }

  *#loaded(): Generator<Loaded> {
    for (const key of [...this.tables.notes.keys()]) {
      const value = new Uint8Array(Fragment.bytes);
      if (this.tables.notes.lookup(key, value)) yield { key, value, name: nameOf(key) };
    }
  }
}
