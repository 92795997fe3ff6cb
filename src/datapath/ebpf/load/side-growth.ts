// A connection table of SCTP that was made for services of firewall marks alone is small: the first service of SCTP gives it the size of the others.
// Where the programs are of another build, those on the links stay: packets come from them into the new ones by the same arrays.
import { WeirError } from '../../../model/errors/weir-error.js';
import type { ServiceKey } from '../../../model/service.js';
import { Conf } from '../abi.gen.js';
import { isOfSctp } from '../table/identity.js';
import type { Tables } from '../table/tables.js';
import type { OnNotice } from './refused-xdp.js';
import { SIDE_BUILDS } from './side-builds.js';
import { sideTable } from './side-table.js';
import { bucketsAt, finishMove, moveTable } from './table-move.js';

/**
 * What the builds of a service of SCTP need, which are loaded. The caller holds the lock.
 * @throws WeirError table-move-back; others as moveTable
 */
export function growSideTables(tables: Tables, key: ServiceKey, onNotice: OnNotice): void {
  if (!isOfSctp(key)) return;
  const { folder, conf } = tables;
  const buckets = conf.get(0, Conf.connBuckets);
  for (const build of SIDE_BUILDS) {
    if (build.ofSctp !== true || !build.isFor({ key })) continue;
    const table = sideTable(build, tables, onNotice);
    finishMove(folder, table); // what a command began that was killed since this process opened the tables
    if (bucketsAt(`${folder}/${table.pins.table}`) >= buckets) continue;
    if (moveTable(folder, table, buckets).back) throw new WeirError('table-move-back');
  }
}
