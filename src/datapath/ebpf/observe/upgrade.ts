// What `weir load` of this build would do with the datapath that is loaded, and with the connections of each table; nothing is changed for it.
import { unlessCode } from '../../../sys/errno.js';
import { ConnBucket } from '../abi.gen.js';
import { LAYOUTS, LAYOUTS_BEFORE } from '../layouts.gen.js';
import { SIDE_BUILDS } from '../load/side-builds.js';
import { roomOf } from '../load/table-move.js';
import { bucketsAfter } from '../load/takeover-tables.js';
import { clockOf } from '../recovery/batch.js';
import { type Layouts, pinnedLayouts } from '../table/layout.js';
import { type Beside, countLiving, SIDE_TABLES } from '../table/living-slots.js';
import { type ConnectionWords, TABLE_PIN, Tables } from '../table/tables.js';
import type { ObservedDatapath } from './observer.js';

/**
 * `load`: nothing is loaded. `none`: this build's programs run. `exchange`: programs alone are replaced. `finish`: what a killed command had begun
 * is ended, and then programs are exchanged. `take-over`: tables of the build before are taken over. These lose nothing. `busy`: another command is
 * at it. `elsewhere`: another build has begun to move these tables, and must end that. `refused`: this build cannot read the tables.
 */
export type UpgradeStep = 'load' | 'none' | 'exchange' | 'finish' | 'take-over' | 'busy' | 'elsewhere' | 'refused';

/** One table's connections that are alive. */
export interface UpgradedTable {
  /** As in messages of `weir load`: `IPv4`, `all ports, IPv6` … */
  readonly table: string;
  /** null: this build cannot read them. */
  readonly connections: number | null;
  /** `lost`: where the datapath is unloaded, which is the only way to this build. */
  readonly fate: 'stay' | 'move' | 'lost';
  /** Of the table that they move into: how many it is made for, and its memory, which is needed beside that of the old one. */
  readonly into: { readonly room: number; readonly bytes: number } | null;
}

export interface Upgrade {
  readonly step: UpgradeStep;
  /** The programs that run, as in `weir status`; null: none, or those of two builds. */
  readonly build: string | null;
  /** Maps whose other layouts are the reason of a refusal; none: it is not known which. */
  readonly maps: readonly string[];
  readonly tables: readonly UpgradedTable[];
}

type Observed = Exclude<ObservedDatapath, { readonly kind: 'absent' | 'unfinished' }>;

function stepOf(observed: Observed): UpgradeStep {
  const { kind, programs } = observed;
  if (kind === 'other-tables' && observed.layout === 'other-build') return 'refused';
  if (programs === 'bridging') return 'busy';
  if (kind === 'other-tables') return observed.layout === 'before' && programs !== 'bridging-left' ? 'take-over' : 'elsewhere';
  if (programs === 'bridging-left') return 'finish';
  return programs === 'this' ? 'none' : 'exchange';
}

interface NamedTable {
  readonly table: string;
  readonly pin: string;
  readonly bucketBytes: number;
  readonly what: Beside['what'] | undefined;
  readonly found: readonly ConnectionWords[];
}

/** By the table's pin. */
const besides: ReadonlyMap<string, Beside['what'] | undefined> = new Map(SIDE_TABLES.map(([{ conns }, what]) => [conns, what]));

/** Those that are loaded. */
function namedTables(tables: Tables): readonly NamedTable[] {
  const ofLinks: NamedTable = { table: 'IPv4', pin: TABLE_PIN, bucketBytes: ConnBucket.bytes, what: undefined, found: tables.conns() };
  const sides = SIDE_BUILDS.map(
    ({ check, pins, bucketBytes }): NamedTable => ({
      table: check.label,
      pin: pins.conns,
      bucketBytes,
      what: besides.get(pins.conns),
      found: tables.sideConns(pins),
    }),
  );
  return [ofLinks, ...sides].filter(({ found }) => found.length > 0);
}

/** The map that a table of before is replaced by. */
function replacement(words: Uint32Array, bucketBytes: number): NonNullable<UpgradedTable['into']> {
  const buckets = bucketsAfter(words, bucketBytes);
  return { room: roomOf(buckets), bytes: buckets * bucketBytes };
}

/** Whether this build's words, or those of before, are in a table; undefined: neither. */
function wordsIn(pin: string, pinned: Layouts): 'ours' | 'before' | undefined {
  const [ours, before]: readonly [Layouts, Layouts] = [LAYOUTS, LAYOUTS_BEFORE];
  if (pinned[pin] === ours[pin]) return 'ours';
  return pinned[pin] === before[pin] ? 'before' : undefined;
}

/** Of tables whose step is not `busy` or `elsewhere`: they are in one layout each. */
function tablesOf(tables: Tables, step: UpgradeStep): readonly UpgradedTable[] {
  const pinned = step === 'refused' || step === 'take-over' ? (pinnedLayouts(tables) ?? {}) : LAYOUTS;
  return namedTables(tables).map(({ table, pin, bucketBytes, what, found }): UpgradedTable => {
    const layout = pinned['conf'] === LAYOUTS.conf ? wordsIn(pin, pinned) : undefined;
    const before = layout === 'before';
    const words = before ? found.map((each) => ({ ...each, before })) : found;
    const connections = layout === undefined ? null : countLiving(words, what, clockOf(tables));
    if (step === 'refused') return { table, connections, fate: 'lost', into: null };
    const into = before && found[0] !== undefined ? replacement(found[0].words, bucketBytes) : null;
    return { table, connections, fate: into === null ? 'stay' : 'move', into };
  });
}

/** @throws SystemError EPERM without root */
export function upgradeOf(observed: ObservedDatapath): Upgrade {
  if (observed.kind === 'absent' || observed.kind === 'unfinished') return { step: 'load', build: null, maps: [], tables: [] };
  const step = stepOf(observed);
  const isMoving = step === 'busy' || step === 'elsewhere';
  const tables = isMoving ? [] : unlessCode(() => tablesOf(Tables.readable(observed.folder), step), ['ENOENT'], undefined);
  // It was unloaded meanwhile.
  if (tables === undefined) return { step: 'load', build: null, maps: [], tables: [] };
  return { step, build: observed.build ?? null, maps: observed.kind === 'other-tables' ? observed.maps : [], tables };
}
