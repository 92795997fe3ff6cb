// From what differs to what is written, and to what is remembered before; and the way back.
import type { SavedSetting } from '../realserver/saved.js';
import { companionWrites, type SettingWrite } from './companions.js';
import { plainValue, type TuningLine, type TuningReading } from './plan.js';
import type { SavedTuning } from './saved.js';

export interface TuningPlan {
  /** To be remembered before the first write. */
  readonly saved: SavedTuning;
  readonly writes: readonly SettingWrite[];
}

/** How a value was before weir changed it first. One that is neither that nor weir's was changed since: undo gives that back. */
function remembered(before: SavedSetting | undefined, now: string, set: string, path: string): SavedSetting {
  const isKnown = before !== undefined && (now === before.previous || now === before.set);
  return { path, previous: isKnown ? before.previous : now, set };
}

/** `saved`: what is remembered from earlier, with no undo under way. */
export function planApply(lines: readonly TuningLine[], { settings, companions }: TuningReading, saved: SavedTuning): TuningPlan {
  const writes = lines.flatMap(({ path, state, wanted }) => (state === 'differs' && wanted !== undefined ? [{ path, value: wanted }] : []));
  const known = new Map(saved.settings.map((one) => [one.path, one]));
  for (const { path, value } of writes.flatMap((write) => [write, ...companionWrites(write, companions)])) {
    const now = plainValue(settings.get(path));
    if (now !== undefined) known.set(path, remembered(known.get(path), now, value, path));
  }
  return { saved: { version: 1, settings: [...known.values()] }, writes };
}

/** A value that weir leaves as it is: another program, or a person, changed it after weir. */
export interface ChangedSince {
  readonly path: string;
  readonly now: string;
  readonly set: string;
  readonly previous: string;
}

export interface UndoPlan {
  readonly restoring: readonly SettingWrite[];
  readonly changedSince: readonly ChangedSince[];
}

/**
 * What an undo writes. Also what others changed is written again with its present value: giving back ip_forward changes it by the way.
 * `settings`: the present values of what is remembered.
 */
export function planUndo(saved: SavedTuning, settings: ReadonlyMap<string, string>): UndoPlan {
  if (saved.restoring !== undefined) return { restoring: saved.restoring, changedSince: [] };
  const found = saved.settings.flatMap((one) => {
    const now = plainValue(settings.get(one.path));
    return now === undefined ? [] : [{ ...one, now, isOurs: now === one.set || now === one.previous }];
  });
  return {
    restoring: found.map(({ path, previous, now, isOurs }) => ({ path, value: isOurs ? previous : now })),
    changedSince: found.flatMap(({ path, previous, set, now, isOurs }) => (isOurs ? [] : [{ path, previous, set, now }])),
  };
}
