// What a synchronisation daemon has counted: /run/weir/sync/COOKIE_ROLE_counts.json, written by it once a second where something changed.
import { parseJson } from '../../model/json.js';
import type { DaemonRole } from '../../model/sync-daemon.js';
import { StateFile } from '../state-file.js';

export type SyncCount = number | Readonly<Record<string, number>>;
/** By name. */
export type SyncCounts = Readonly<Record<string, SyncCount>>;

const fileOf = (role: DaemonRole): StateFile => new StateFile('sync', `_${role}_counts`);

/** undefined: removes them. @throws SystemError */
export function writeSyncCounts(role: DaemonRole, counts: SyncCounts | undefined): void {
  fileOf(role).write(counts && `${JSON.stringify(counts)}\n`);
}

const isCount = (value: unknown): value is SyncCount =>
  typeof value === 'number' ||
  (typeof value === 'object' && value !== null && Object.values(value).every((each) => typeof each === 'number'));

/** undefined: there are none, or no daemon wrote them. @throws SystemError */
export function readSyncCounts(role: DaemonRole): SyncCounts | undefined {
  const value = parseJson(fileOf(role).read() ?? 'null');
  if (typeof value !== 'object' || value === null || !Object.values(value).every(isCount)) return undefined;
  return value as SyncCounts;
}
