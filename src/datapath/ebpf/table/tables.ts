// The pinned tables of one network namespace, mapped into memory.
import type { Family } from '../../../model/address.js';
import { BpfMap } from '../../../sys/bpf/bpf-objects.js';
import { Records } from '../../../sys/bpf/records.js';
import { unlessCode } from '../../../sys/errno.js';
import {
  Bridge,
  Conf,
  Counters,
  Dest,
  DropSnapshot,
  Drops,
  Endpoint,
  Estimate,
  Intent,
  Interface,
  RingBlock,
  Service,
} from '../abi.gen.js';
import { Template6 } from '../abi6.gen.js';
import { FullnatDest, FullnatPool } from '../fullnat.gen.js';
import { Template } from '../template.gen.js';
import { QUICK_PINS } from './quick-pins.js';

/** Every pinned map that user space maps, with the size of its record. `conns` and `templates` are mapped when they are listed. */
const MAPPED = {
  conf: Conf.bytes,
  endpoints: Endpoint.bytes,
  services: Service.bytes,
  dests: Dest.bytes,
  rings: RingBlock.bytes,
  counters: Counters.bytes,
  estimates: Estimate.bytes,
  interfaces: Interface.bytes,
  drops: Drops.bytes,
} as const;

/** Of FULLNAT: there once a destination was one of it. */
const FULLNAT_MAPPED = { fullnat_pools: FullnatPool.bytes, fullnat_dests: FullnatDest.bytes } as const;

/** Without one of these no command can work. */
export const MAPPED_PINS: readonly string[] = [...Object.keys(MAPPED), 'conns', 'templates'];

/** The array by which tc's programs on the links enter those of the IPv6 build. */
export const IPV6_ENTRY_PIN = 'ipv6_tc';
/** The array by which XDP's program on the links enters that for IPv6. */
export const IPV6_XDP_ENTRY_PIN = 'ipv6_xdp';
/** The reason why this kernel refuses XDP's program for IPv6 (load/short-cut.ts). */
export const IPV6_XDP_REFUSED_PIN = 'ipv6_xdp_refused';
/** The reason why it refuses XDP's program on the links and, with an interface's number, why that interface takes none (load/refused-xdp.ts). */
export const XDP_REFUSED_PIN = 'xdp_refused';
/** The array by which packets that concern no exact service enter the programs of the wide build. */
export const WIDE_ENTRY_PIN = 'wide_tc';
/** The array by which SCTP enters the programs of its build. */
export const SCTP_ENTRY_PIN = 'sctp_tc';
/** The array by which the IPv6 build's programs enter those of its wide build: made with the IPv6 build. */
export const WIDE6_ENTRY_PIN = 'wide6_tc';
/** The array by which the IPv6 build's programs enter those of SCTP over IPv6: made with the IPv6 build. */
export const SCTP6_ENTRY_PIN = 'sctp6_tc';
/** The arrays by which SCTP that concerns no exact service enters its wide builds: each made with the SCTP build of its family. */
export const WIDE_SCTP_ENTRY_PIN = 'wide_sctp_tc';
export const WIDE_SCTP6_ENTRY_PIN = 'wide_sctp6_tc';
/** The arrays by which all builds enter the programs of tunnels: builds share them. */
export const TUNNEL_TC_PIN = 'tunnel_tc';
export const TUNNEL_XDP_PIN = 'tunnel_xdp';
/** The outer sources of tunnels: made with the first destination behind one (load/tunnels.ts). */
export const TUNNEL_SOURCES_PIN = 'tunnel_sources';
/** The arrays by which packets enter the programs of FULLNAT, and the flows by pool: builds share them. */
export const FULLNAT_TC_PIN = 'fullnat_entries';
export const FULLNAT_XDP_PIN = 'fullnat_xdp';
/** The array by which the helper for FTP and the programs of FULLNAT enter each other: builds share it. */
export const FULLNAT_FTP_PIN = 'fullnat_ftp';
export const FULLNAT_FLOWS_PINS: Readonly<Record<Family, string>> = { inet: 'fullnat_flows4', inet6: 'fullnat_flows6' };
/** What goes with a packet into these programs, and into those of tunnels. */
const FULLNAT_WORK_PIN = 'fullnat_carried';
const FULLNAT_FOUND_PIN = 'fullnat_found';
const TUNNEL_WORK_PIN = 'tunnel_work';
/** The maps of these programs alone, made with the first such destination (load/fullnat.ts): those of both families, */
export const POOLS_PIN = 'fullnat_pools';
const FULLNAT_SHARED_PINS = [POOLS_PIN, 'fullnat_dests', 'fullnat_ports', 'fullnat_virtuals', 'fullnat_foreign'] as const;
/** and those that each family has for itself. */
const FULLNAT_OWN_MAPS = ['fullnat_clients', 'fullnat_ends', 'fullnat_timers'] as const;
export type FullnatOwnMap = (typeof FULLNAT_OWN_MAPS)[number];
/** The pin of a map that each family has for itself. */
export const fullnatPin = (family: Family, map: FullnatOwnMap): string => (family === 'inet' ? map : `${map}6`);
/** The pins of a family's programs, by the names of their maps. */
export const fullnatPins = (family: Family): Readonly<Record<string, string>> => ({
  ...Object.fromEntries(FULLNAT_SHARED_PINS.map((name) => [name, name])),
  ...Object.fromEntries(FULLNAT_OWN_MAPS.map((name) => [name, fullnatPin(family, name)])),
});
/** The control connections that the helper for FTP knows something of: made with it (load/side-builds.ts). */
export const FTP_STREAMS_PIN = 'ftp_streams';
/** And of what their clients send, where FULLNAT gave it another length. */
export const FTP_COMMANDS_PIN = 'ftp_commands';
/** The maps of these features that are made with the first destination that needs them. */
export const FEATURE_PINS: readonly string[] = [
  ...new Set([...Object.values(fullnatPins('inet')), ...Object.values(fullnatPins('inet6'))]),
  FTP_STREAMS_PIN,
  FTP_COMMANDS_PIN,
  TUNNEL_SOURCES_PIN,
];
/** Maps that every build pins when it loads, but that are empty and in no use until there is the pin of a map of their feature. */
export const IDLE_WITHOUT: Readonly<Record<string, string | undefined>> = {
  [TUNNEL_TC_PIN]: TUNNEL_SOURCES_PIN,
  [TUNNEL_XDP_PIN]: TUNNEL_SOURCES_PIN,
  [TUNNEL_WORK_PIN]: TUNNEL_SOURCES_PIN,
  [FULLNAT_TC_PIN]: POOLS_PIN,
  [FULLNAT_FTP_PIN]: POOLS_PIN,
  [FULLNAT_XDP_PIN]: POOLS_PIN,
  [FULLNAT_FLOWS_PINS.inet]: POOLS_PIN,
  [FULLNAT_FLOWS_PINS.inet6]: POOLS_PIN,
  [FULLNAT_WORK_PIN]: POOLS_PIN,
  [FULLNAT_FOUND_PIN]: POOLS_PIN,
};
/**
 * All maps of content switching of a family have one number, by the name of one of them, and are in use while this pin is there, which is made last
 * and removed last.
 */
export const SWITCH_IN_USE: Readonly<Record<string, string | undefined>> = {
  switch_flows: 'switch_listeners',
  switch6_flows: 'switch6_listeners',
};
/** What became of the first fragments of packets, later ones that are held back, and the servers that these may come from: builds share them. */
export const FRAGMENTS_PIN = 'fragments';
export const FRAGMENTS_HELD_PIN = 'fragments_held';
export const FRAGMENT_SERVERS_PIN = 'fragment_servers';
/** The ring of first packets of new connections that are held back: builds share it. */
export const HELD_PACKETS_PIN = 'held_packets';
/** What these hold serves for seconds, or is learned again: a build that has another layout of one makes its own in its place. */
export const RENEWED_PINS: readonly string[] = [FRAGMENTS_PIN, FRAGMENTS_HELD_PIN, FRAGMENT_SERVERS_PIN, HELD_PACKETS_PIN];
/** The ports of services that have the helper for FTP, as a text (table/ftp.ts). */
export const FTP_PORTS_PIN = 'ftp_ports';
/** The arrays that the objects on the links have. */
export const ENTRY_PINS: readonly string[] = [IPV6_ENTRY_PIN, IPV6_XDP_ENTRY_PIN, WIDE_ENTRY_PIN, SCTP_ENTRY_PIN];
const CHANGES_PIN = 'changes';
export const PINNED_MAPS = [
  ...Object.keys(MAPPED),
  'conns',
  'templates',
  'locks',
  CHANGES_PIN,
  'localities',
  'calls',
  'client_hops',
  'egresses',
  'icmp_limits',
  'housekeeping',
  'scratch_space',
  'drop_history',
  ...ENTRY_PINS,
  ...QUICK_PINS,
  TUNNEL_TC_PIN,
  TUNNEL_XDP_PIN,
  TUNNEL_WORK_PIN,
  FULLNAT_TC_PIN,
  FULLNAT_FTP_PIN,
  FULLNAT_XDP_PIN,
  ...Object.values(FULLNAT_FLOWS_PINS),
  FULLNAT_WORK_PIN,
  FULLNAT_FOUND_PIN,
  ...RENEWED_PINS,
] as const;
/** Scratch space, a rate limit, a history that may start again, and the places of programs and of a table: builds need not share them, nor have them all. */
export const NOT_SHARED: ReadonlySet<string> = new Set(['scratch_space', 'icmp_limits', 'drop_history', ...QUICK_PINS, ...ENTRY_PINS]);
/** Of a connection table, and while it gets another size (load/table-move.ts): of the table that is to take its place, and of the record of the move. */
export interface MovePins {
  readonly table: string;
  readonly second: string;
  readonly record: string;
}
export const TABLE_PIN = 'conns';
export const TEMPLATES_PIN = 'templates';
export const SECOND_TABLE_PIN = 'conns_second';
export const BRIDGE_PIN = 'bridge';
/** The pins of a connection table while it moves. */
export const movePins = (table: string): MovePins => ({
  table,
  second: `${table}_second`,
  record: table === TABLE_PIN ? BRIDGE_PIN : `${BRIDGE_PIN}_${table}`,
});
/** A number of a layout, for people and in names. */
export const layoutName = (layout: number): string => layout.toString(16).padStart(8, '0');
/**
 * The record of a takeover (load/takeover.ts) has the name of the layout that the tables get, and the takeover has begun where `conf` has that
 * layout, too. Every build looks for these names: they must never change.
 */
export const TAKEOVER_PIN = 'takeover_';
export const takeoverPin = (layout: number): string => `${TAKEOVER_PIN}${layoutName(layout)}`;
/** The pins of a connection table while it moves into one of this layout. */
export const takeoverPins = (layout: number, table: string): MovePins => ({
  ...movePins(table),
  record: table === TABLE_PIN ? takeoverPin(layout) : `${takeoverPin(layout)}_${table}`,
});
/** The numbers of the maps' layouts (layout.ts). */
export const LAYOUTS_PIN = 'layouts';
/** The maps of the IPv6 build that are its own, by their names in it: made when the first IPv6 service comes (load/side-builds.ts). */
export const IPV6_PINS = { client_hops: 'client_hops6', housekeeping: 'housekeeping6', templates: 'templates6', conns: 'conns6' } as const;
/** The maps that the wide build has for itself, by their names in it. */
export const WIDE_PINS = { housekeeping: 'timer_wide', conns: 'conns_wide' } as const;
/** The maps that the SCTP build has for itself. */
export const SCTP_PINS = { housekeeping: 'timer_sctp', conns: 'conns_sctp' } as const;
/** The maps of the wide build of IPv6, which shares all but two with the IPv6 build. */
export const WIDE6_PINS = { ...IPV6_PINS, housekeeping: 'timer_wide6', conns: 'conns_wide6' } as const;
/** The maps of the SCTP build of IPv6, and of the wide builds of SCTP. */
export const SCTP6_PINS = { ...IPV6_PINS, housekeeping: 'timer_sctp6', conns: 'conns_sctp6' } as const;
export const WIDE_SCTP_PINS = { housekeeping: 'timer_wide_sctp', conns: 'conns_wide_sctp' } as const;
export const WIDE_SCTP6_PINS = { ...IPV6_PINS, housekeeping: 'timer_wide_sctp6', conns: 'conns_wide_sctp6' } as const;
/** The maps of all builds beside those on the links. */
export const SIDE_PINS = [IPV6_PINS, WIDE_PINS, WIDE6_PINS, SCTP_PINS, SCTP6_PINS, WIDE_SCTP_PINS, WIDE_SCTP6_PINS] as const;
/** All connection tables. */
export const CONNECTION_PINS: readonly string[] = [TABLE_PIN, ...SIDE_PINS.map(({ conns }) => conns)];
/** Of their moves. */
export const RECORD_PINS: readonly string[] = CONNECTION_PINS.map((table) => movePins(table).record);
/** Pinned last when loading: if it is there, the others are. */
export const LAST_PINNED = 'conf';
/** The record of settings before it, while tables are loaded again (load/kept-settings.ts). */
export const SETTINGS_PIN = 'settings_kept';

/** A connection table as 32-bit words: key low, key high, value low, value high, slot by slot. `before`: as Before in layouts.gen.ts has them. */
export interface ConnectionWords {
  readonly words: Uint32Array;
  readonly before: boolean;
}

export class Tables {
  readonly #mapped = new Map<string, Records>();
  /** null: not there. */
  #dropHistory: Records | null | undefined;
  #intent: Records | undefined;
  /** By pin, with the number of the map that was there. */
  readonly #looked = new Map<string, { readonly id: number; readonly memory: ArrayBuffer }>();

  /** `open`: where maps come from that are not pinned yet. `access`: `read` maps them so that this process cannot write. */
  constructor(
    readonly folder: string,
    readonly open: (name: string) => BpfMap = (name) => BpfMap.pinned(`${folder}/${name}`),
    readonly access: 'read' | 'write' = 'write',
  ) {}

  /** For reading only. */
  static readable(folder: string): Tables {
    return new Tables(folder, (name) => BpfMap.pinned(`${folder}/${name}`), 'read');
  }

  get conf(): Records {
    return this.#records('conf');
  }
  /** One record an endpoint, not a bucket. */
  get endpoints(): Records {
    return this.#records('endpoints');
  }
  get services(): Records {
    return this.#records('services');
  }
  get dests(): Records {
    return this.#records('dests');
  }
  /** Record 0 of the destinations, which is an intent. */
  get intent(): Records {
    this.#intent ??= new Records(this.dests.memory, Intent.bytes);
    return this.#intent;
  }
  /** One record a block. */
  get rings(): Records {
    return this.#records('rings');
  }
  get counters(): Records {
    return this.#records('counters');
  }
  get estimates(): Records {
    return this.#records('estimates');
  }
  get interfaces(): Records {
    return this.#records('interfaces');
  }
  get drops(): Records {
    return this.#records('drops');
  }

  /** @throws SystemError ENOENT: no destination was one of FULLNAT */
  get fullnatPools(): Records {
    return this.#records('fullnat_pools');
  }
  /** @throws SystemError ENOENT, as of fullnatPools */
  get fullnatDests(): Records {
    return this.#records('fullnat_dests');
  }

  /** undefined: the programs are of a build that keeps none. */
  get dropHistory(): Records | undefined {
    if (this.#dropHistory === undefined) {
      const memory = unlessCode(() => this.#map('drop_history', false), ['ENOENT'], undefined);
      this.#dropHistory = memory === undefined ? null : new Records(memory, DropSnapshot.bytes);
    }
    return this.#dropHistory ?? undefined;
  }

  /** Maps all that stay mapped: from here on they are of one datapath. @throws SystemError ENOENT: it is being unloaded */
  mapAll(): void {
    for (const name of Object.keys(MAPPED) as (keyof typeof MAPPED)[]) this.#records(name);
    void this.dropHistory;
  }

  /**
   * The connection table. Two of them while connections move from the first to the second, so that a reader who takes them in this order
   * misses none, and may meet one twice.
   */
  conns(): readonly ConnectionWords[] {
    return this.#connsOf(movePins(TABLE_PIN));
  }

  /** As of conns(). @throws SystemError ENOENT */
  #connsOf(pins: MovePins): readonly ConnectionWords[] {
    // Asked first: it may end while the tables are opened, but none begins.
    const takenOver = this.#isTakenOver();
    const found = this.#wordsOf(pins);
    return found.map((words, k) => ({ words, before: takenOver && found.length > 1 && k === 0 }));
  }

  /** `pins.table` first, unless connections move back to it. */
  #wordsOf(pins: MovePins): readonly Uint32Array[] {
    const read = (name: string): { readonly id: number; readonly words: Uint32Array } => {
      const map = this.open(name);
      try {
        const { id, valueSize, maxEntries } = map.info();
        return { id, words: new Uint32Array(this.#once(name, id, () => map.mmap(valueSize * maxEntries, false))) };
      } finally {
        map.close();
      }
    };
    // The second table is opened first: it may take the first one's pin meanwhile.
    const second = unlessCode(() => read(pins.second), ['ENOENT'], undefined);
    const first = read(pins.table);
    if (second === undefined || second.id === first.id) return [first.words];
    return this.#movesBack(pins) ? [second.words, first.words] : [first.words, second.words];
  }

  /** How often each bucket of a connection table was changed (bpf/director/conn.h); undefined: the programs are of a build that does not count it. */
  changes(): Uint32Array | undefined {
    return unlessCode(() => new Uint32Array(this.#map(CHANGES_PIN, false)), ['ENOENT'], undefined);
  }

  /** The templates of IPv4, one record a slot. */
  templates(): Records {
    return new Records(this.#map(TEMPLATES_PIN, false), Template.bytes);
  }

  /** The templates of IPv6, with the client's network in each; undefined: there never was an IPv6 service. */
  templates6(): Records | undefined {
    return unlessCode(() => new Records(this.#map(IPV6_PINS.templates, false), Template6.bytes), ['ENOENT'], undefined);
  }

  /** The connection tables of a side build, as conns(); none: there never was a service for it. */
  sideConns({ conns }: { readonly conns: string }): readonly ConnectionWords[] {
    return unlessCode(() => this.#connsOf(movePins(conns)), ['ENOENT'], []);
  }

  #isTakenOver(): boolean {
    const map = unlessCode(() => this.open(takeoverPin(this.conf.get(0, Conf.layout))), ['ENOENT'], undefined);
    map?.close();
    return map !== undefined;
  }

  #movesBack({ record }: MovePins): boolean {
    const memory = unlessCode(() => this.#map(record, false), ['ENOENT'], undefined);
    return memory !== undefined && new Records(memory, Bridge.bytes).get(0, Bridge.back) !== 0;
  }

  #records(name: keyof typeof MAPPED | keyof typeof FULLNAT_MAPPED): Records {
    let records = this.#mapped.get(name);
    if (records === undefined) {
      const bytes = { ...MAPPED, ...FULLNAT_MAPPED }[name];
      records = new Records(this.#map(name, this.access === 'write', bytes), bytes);
      this.#mapped.set(name, records);
    }
    return records;
  }

  /** `least`: one record at least, so that the magic number of another build's smaller record can be read; a page is there in any case. */
  #map(name: string, writable: boolean, least = 0): ArrayBuffer {
    const map = this.open(name);
    try {
      const { id, valueSize, maxEntries } = map.info();
      return this.#once(name, id, () => map.mmap(Math.max(Math.ceil(valueSize / 8) * 8 * maxEntries, least), writable));
    } finally {
      map.close();
    }
  }

  /** Who only reads may look again and again for hours: the same map is mapped once. */
  #once(name: string, id: number, mmap: () => ArrayBuffer): ArrayBuffer {
    if (this.access === 'write') return mmap();
    const known = this.#looked.get(name);
    if (known?.id === id) return known.memory;
    // A table that connections have moved to gets the pin of the one before.
    const memory = [...this.#looked.values()].find((other) => other.id === id)?.memory ?? mmap();
    this.#looked.set(name, { id, memory });
    return memory;
  }
}
