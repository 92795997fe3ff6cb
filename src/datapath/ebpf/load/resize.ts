// Other sizes for loaded tables: empty ones are loaded again. Where there are services or connections, the connection table alone gets
// another size, under traffic (table-move.ts).
import { WeirError } from '../../../model/errors/weir-error.js';
import { Conf } from '../abi.gen.js';
import { tableOverview } from '../observe/table-overview.js';
import { recover } from '../recovery/batch.js';
import { sysctlFields } from '../table/sysctls.js';
import { Tables } from '../table/tables.js';
import { load, removePins } from './load.js';
import { type Capacity, sizesOf } from './object.js';
import { type Moving, moveTable, roomOf } from './table-move.js';
import { kindsLoaded } from './xdp.js';

/** Where each size stands in the record. */
const SIZES = {
  connTabBits: Conf.connTabBits,
  maxServices: Conf.maxServices,
  maxDestinations: Conf.maxDests,
  connBuckets: Conf.connBuckets,
} as const satisfies Record<keyof Capacity, unknown>;

/** What a user may have set on an empty table: timeouts, sysctls, how interfaces are attached. */
const KEPT = [Conf.tcpTimeout, Conf.udpTimeout, Conf.attachMode, ...Object.values(sysctlFields)] as const;

function hasSizes({ conf }: Tables, wanted: Partial<Capacity>): boolean {
  return (Object.keys(SIZES) as (keyof Capacity)[]).every(
    (name) => (wanted[name] ?? conf.get(0, SIZES[name])) === conf.get(0, SIZES[name]),
  );
}

/** As they are; the table's places follow from `--conn-tab-bits` where that is given. */
function sizesNow({ conf }: Tables, wanted: Partial<Capacity>): Partial<Capacity> {
  const now = Object.fromEntries(Object.entries(SIZES).map(([name, field]) => [name, conf.get(0, field)])) as Required<Capacity>;
  const { connBuckets, ...others } = now;
  return wanted.connTabBits === undefined ? { ...others, connBuckets } : others;
}

function isEmpty(tables: Tables): boolean {
  const { services, active, inactive } = tableOverview(tables);
  return services.length === 0 && active + inactive + tables.conf.get(0, Conf.templatesLive) === 0;
}

/** What was done about sizes; undefined: the tables have them. `room`: connections that the table is made for. */
export type Resized = { readonly kind: 'loaded' } | { readonly kind: 'resized'; readonly room: number; readonly moved: number };

/**
 * Sizes that are not given stay. The caller holds the lock.
 * @throws WeirError datapath-loaded, table-too-small, table-move-back; others as load and moveTable
 */
export function resize(moving: Moving, capacity: Partial<Capacity>): Resized | undefined {
  const { tables } = moving;
  if (hasSizes(tables, capacity)) return undefined;
  recover(tables);
  const wanted = { ...sizesNow(tables, capacity), ...capacity } as Capacity;
  if (!isEmpty(tables)) return resizeUsed(moving, wanted);
  loadAgain(moving, wanted);
  return { kind: 'loaded' };
}

function resizeUsed(moving: Moving, wanted: Capacity): Resized {
  const { tables } = moving;
  const { conf } = tables;
  if (wanted.maxServices !== conf.get(0, Conf.maxServices) || wanted.maxDestinations !== conf.get(0, Conf.maxDests))
    throw new WeirError('datapath-loaded');
  const { buckets } = sizesOf(wanted);
  const { active, inactive } = tableOverview(tables);
  if (active + inactive > roomOf(buckets))
    throw new WeirError('table-too-small', { connections: active + inactive, room: roomOf(buckets) });
  const moved = buckets === conf.get(0, Conf.connBuckets) ? undefined : moveTable(moving, buckets);
  if (moved?.back === true) throw new WeirError('table-move-back');
  conf.set(0, Conf.connTabBits, wanted.connTabBits);
  return { kind: 'resized', room: roomOf(buckets), moved: moved?.connections ?? 0 };
}

function loadAgain({ folder, tables, interfaces }: Moving, wanted: Capacity): void {
  const kept = KEPT.map((field) => Array.from({ length: field.count }, (_, k) => tables.conf.get(0, field, k)));
  interfaces.detachAll();
  // A process that has the tables open must not write to them any more.
  tables.conf.set(0, Conf.magic, 0);
  const kinds = kindsLoaded(folder);
  removePins(folder);
  load(folder, wanted, { kinds });
  const { conf } = new Tables(folder);
  KEPT.forEach((field, n) => {
    kept[n]?.forEach((value, k) => {
      conf.set(0, field, value, k);
    });
  });
}
