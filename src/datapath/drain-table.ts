// What a driver offers beside `Director` for drains: their record, which it makes true for packets, and what is left of their connections.
import type { DrainRecord, DrainRemaining } from '../model/drain/drain.js';

export interface DrainTable {
  /** @throws WeirError drain-record: another build's, which this one cannot read */
  drainRecord(): DrainRecord;
  /**
   * Writes the record, and has destinations follow it: from the return on no packet on any CPU begins a connection to one that is held. Whatever is
   * written to such a destination changes its configured weight alone. Killed in between, the next call does the rest.
   */
  setDrainRecord(record: DrainRecord): void;
  /** The connections of each of these drains, by their ids; those of destinations that were removed from the table, too. */
  drainRemaining(record: DrainRecord): ReadonlyMap<string, DrainRemaining>;
}
