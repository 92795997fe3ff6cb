// The record of drains for whoever only names what holds a server.
import { type DrainRecord, NO_DRAINS } from '../model/drain/drain.js';
import { isWeirError } from '../model/errors/weir-error.js';

/** Another build's record cannot be read: then its drains are not named. */
export function presentDrains(reader: { drainRecord(): DrainRecord }): DrainRecord {
  try {
    return reader.drainRecord();
  } catch (error) {
    if (!isWeirError(error, 'drain-record')) throw error;
    return NO_DRAINS;
  }
}
