// Other sizes for a loaded table: sizes are chosen when it is loaded, so an empty one is loaded again. A table with services or connections
// is not: all of it would be lost.
import { WeirError } from '../../../model/errors/weir-error.js';
import type { Netlink } from '../../../sys/netlink/netlink.js';
import { Conf } from '../abi.gen.js';
import { tableOverview } from '../observe/table-overview.js';
import { recover } from '../recovery/batch.js';
import { Tables } from '../table/tables.js';
import { AttachedInterfaces } from './attached-interfaces.js';
import { load, removePins } from './load.js';
import type { Capacity } from './object.js';

/** Where each size stands in the record. */
const SIZES = {
  connTabBits: Conf.connTabBits,
  maxServices: Conf.maxServices,
  maxDestinations: Conf.maxDests,
  connBuckets: Conf.connBuckets,
} as const satisfies Record<keyof Capacity, unknown>;

/** What a user may have set on an empty table: timeouts, sysctls, how interfaces are attached. */
const KEPT = [
  Conf.tcpTimeout,
  Conf.udpTimeout,
  Conf.sloppyTcp,
  Conf.secureTcp,
  Conf.connReuseMode,
  Conf.expireNodestConn,
  Conf.runEstimation,
  Conf.attachMode,
] as const;

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
  return services.length === 0 && active + inactive === 0;
}

/** Sizes that are not given stay. False: the table has these sizes. The caller holds the lock. @throws WeirError datapath-loaded; others as load */
export function resizeEmpty(folder: string, tables: Tables, netlink: Netlink, capacity: Partial<Capacity>): boolean {
  if (hasSizes(tables, capacity)) return false;
  recover(tables);
  if (!isEmpty(tables)) throw new WeirError('datapath-loaded');
  const wanted = { ...sizesNow(tables, capacity), ...capacity };
  const kept = KEPT.map((field) => Array.from({ length: field.count }, (_, k) => tables.conf.get(0, field, k)));
  new AttachedInterfaces(folder, tables, netlink).detachAll();
  // A process that has the tables open must not write to them any more.
  tables.conf.set(0, Conf.magic, 0);
  removePins(folder);
  load(folder, wanted);
  const { conf } = new Tables(folder);
  KEPT.forEach((field, n) => {
    kept[n]?.forEach((value, k) => {
      conf.set(0, field, value, k);
    });
  });
  return true;
}
