// What is in the table, without counters of packets and without the connection table, whose connections each destination counts: short
// work also for a large table.
import { configuredWeight } from '../../../model/drain/effective-weight.js';
import type { DestinationKey, ServiceKey } from '../../../model/service.js';
import { Conf, Dest, WeirState } from '../abi.gen.js';
import { DrainAbi } from '../drain.gen.js';
import { descriptionOf } from '../recovery/intent.js';
import { sizesOf, type TableSizes } from '../table/table-sizes.js';
import type { Tables } from '../table/tables.js';

export interface DestinationOverview {
  /** The same object as long as it is configured alike. */
  readonly key: DestinationKey;
  readonly weight: number;
  readonly configured: number;
  /** A drain or an override holds it. */
  readonly held: boolean;
  /** It has as many connections as its upper threshold allows. */
  readonly overloaded: boolean;
  readonly active: number;
  readonly inactive: number;
}

export interface ServiceOverview {
  readonly key: ServiceKey;
  readonly scheduler: string;
  readonly destinations: readonly DestinationOverview[];
}

export interface TableNumbers {
  /** In the connection table, those of removed destinations included. */
  readonly active: number;
  readonly inactive: number;
  /** What the table is made for. */
  readonly capacity: TableSizes;
  /** Places for connections. */
  readonly slots: number;
  /** Templates that there are, of both families, and places for those of each family. */
  readonly templates: { readonly living: number; readonly slots: number };
}

export interface TableOverview extends TableNumbers {
  /** The newest first. */
  readonly services: readonly ServiceOverview[];
}

/** `key`: the destination of record `id`. */
export function destinationOverview(tables: Tables, id: number, key: DestinationKey): DestinationOverview {
  const { dests } = tables;
  const { weight, lastWeight } = descriptionOf(tables, id);
  const held = (dests.get(id, Dest.flags) & DrainAbi.D_DRAINED) !== 0;
  return {
    key,
    weight,
    configured: configuredWeight({ weight, lastWeight, held }),
    held,
    overloaded: dests.get(id, Dest.overload) !== 0,
    active: dests.get(id, Dest.active),
    inactive: dests.get(id, Dest.inactive),
  };
}

/** How full the tables are. No lock: each number is of its own moment. */
export function tableNumbers(tables: Tables): TableNumbers {
  const { conf, dests } = tables;
  let [active, inactive] = [0, 0];
  for (let id = 1; id <= conf.get(0, Conf.destTop); id++) {
    if (dests.get(id, Dest.state) === WeirState.FREE) continue;
    active += dests.get(id, Dest.active);
    inactive += dests.get(id, Dest.inactive);
  }
  const capacity = sizesOf(tables);
  const templates = { living: conf.get(0, Conf.templatesLive), slots: conf.get(0, Conf.templates) };
  return { active, inactive, capacity, slots: 2 * capacity.connections, templates };
}
