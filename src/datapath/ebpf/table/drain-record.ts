// The record of drains: a text that is pinned beside the tables. It lives exactly as long as the weights that it explains, survives every process,
// and is one for each network namespace, as they are. Who has the namespace's lock writes it.
import { type DrainRecord, type Hold, type HoldOf, holdsOf, NO_DRAINS, readDrainRecord } from '../../../model/drain/drain.js';
import { WeirError } from '../../../model/errors/weir-error.js';
import type { DestinationKey, ServiceKey } from '../../../model/service.js';
import { readPinnedText, removePinnedText, writePinnedText } from '../pins/pinned-text.js';
import type { Tables } from './tables.js';

/** Another build leaves it alone. */
const DRAINS_PIN = 'drains';

export const drainsPin = ({ folder }: Pick<Tables, 'folder'>): string => `${folder}/${DRAINS_PIN}`;

/** @throws WeirError drain-record: another build's */
export function readDrains(tables: Pick<Tables, 'folder'>): DrainRecord {
  const record = readDrainRecord(readPinnedText(drainsPin(tables)));
  if (record === undefined) throw new WeirError('drain-record');
  return record;
}

export function writeDrains(tables: Pick<Tables, 'folder'>, record: DrainRecord): void {
  const { drains, overrides, cancelled, removedOverrides, next } = record;
  const isEmpty = drains.length === 0 && [overrides, cancelled, removedOverrides].every((part) => part === undefined);
  if (isEmpty && next === NO_DRAINS.next) removePinnedText(drainsPin(tables));
  else writePinnedText(drainsPin(tables), 'weir_drains', JSON.stringify(record));
}

/** Whether this one is held. @throws WeirError drain-record */
export const recordedHold = (tables: Pick<Tables, 'folder'>, key: ServiceKey, which: DestinationKey): Hold | undefined =>
  recordedHolds(tables)(key, which);

/** Which destinations are held. Where nothing ever was drained this is one failing look for a file. @throws WeirError drain-record */
export const recordedHolds = (tables: Pick<Tables, 'folder'>): HoldOf => holdsOf(readDrains(tables));
