// What `weir tune --apply` remembers so that `--undo` gives back exactly what was: written before any change, removed after the last one.
import { isRecord, parseJson } from '../../model/json.js';
import { tuningTable } from '../../model/tuning/table.js';
import type { SavedSetting } from '../realserver/saved.js';
import { COMPANION_PATTERN, type SettingWrite } from './companions.js';

export interface SavedTuning {
  readonly version: 1;
  /** In the order in which they are written. */
  readonly settings: readonly SavedSetting[];
  /** An undo has begun: this is what it writes, and no value of the host counts any more. */
  readonly restoring?: readonly SettingWrite[];
}

export const NO_TUNING: SavedTuning = { version: 1, settings: [] };

export const writeSavedTuning = (saved: SavedTuning): string => `${JSON.stringify(saved, null, 2)}\n`;

const PATHS: readonly RegExp[] = [
  ...tuningTable.map(({ path }) => new RegExp(`^${path.replaceAll('*', String.raw`(?!\.\.?/)[^/\s]{1,15}`)}$`)),
  COMPANION_PATTERN,
];
/** A state file is never a way to write elsewhere. */
const isPath = (value: unknown): value is string => typeof value === 'string' && PATHS.some((pattern) => pattern.test(value));
const isValue = (value: unknown): value is string => typeof value === 'string' && /^-?[0-9]{1,15}( -?[0-9]{1,15}){0,3}$/.test(value);
const isSetting = (one: unknown): one is SavedSetting =>
  isRecord(one) && isPath(one['path']) && isValue(one['previous']) && isValue(one['set']);
const isWrite = (one: unknown): one is SettingWrite => isRecord(one) && isPath(one['path']) && isValue(one['value']);
const listOf = <T>(value: unknown, is: (one: unknown) => one is T): value is T[] => Array.isArray(value) && value.every(is);

/** Undefined when it is no such file: a cut-off or foreign one must not steer writes. */
export function readSavedTuning(text: string): SavedTuning | undefined {
  const value = parseJson(text);
  if (!isRecord(value) || value['version'] !== 1) return undefined;
  const { settings, restoring } = value;
  if (!listOf(settings, isSetting) || !(restoring === undefined || listOf(restoring, isWrite))) return undefined;
  return { version: 1, settings, ...(restoring === undefined ? {} : { restoring }) };
}
