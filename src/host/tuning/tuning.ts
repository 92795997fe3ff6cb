// Applies the table of sysctls to this network namespace, and gives back what was: remember, write, look; under a lock.
import { planApply, planUndo, type UndoPlan } from '../../control/tuning/apply.js';
import type { SettingWrite } from '../../control/tuning/companions.js';
import { plainValue, type TuningChoice, tuningLines } from '../../control/tuning/plan.js';
import { NO_TUNING, readSavedTuning, type SavedTuning, writeSavedTuning } from '../../control/tuning/saved.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { isSystemError, reasonOf } from '../../sys/errno.js';
import { readSetting, writeSetting } from '../../sys/files/sysctl.js';
import { StateFile, withState } from '../state-file.js';
import { observeTuning, readSettings } from './observe.js';

/** A value that could not be written, or that the kernel did not keep. */
export interface FailedWrite extends SettingWrite {
  readonly why: string;
}

export interface TuningOutcome {
  readonly done: readonly SettingWrite[];
  readonly failed: readonly FailedWrite[];
}

function remembered(state: StateFile): SavedTuning {
  const text = state.read();
  const saved = text === undefined ? NO_TUNING : readSavedTuning(text);
  if (saved === undefined) throw new WeirError('state-file-damaged', { path: state.path });
  return saved;
}

/** What was applied and not undone in this namespace. @throws WeirError state-file-damaged, SystemError */
export const appliedTuning = (): SavedTuning => remembered(new StateFile('tune'));

/** undefined: done. A key that has gone, with its interface or module, needs nothing. */
function written({ path, value }: SettingWrite): FailedWrite | 'done' | 'gone' {
  if (readSetting(path) === undefined) return 'gone';
  try {
    writeSetting(path, value);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return error.code === 'ENOENT' ? 'gone' : { path, value, why: reasonOf(error) };
  }
  const now = plainValue(readSetting(path));
  return now === undefined || now === value ? 'done' : { path, value, why: `the kernel made ${now} of it` };
}

function writeAll(writes: readonly SettingWrite[]): TuningOutcome {
  const results = writes.map((write) => ({ write, result: written(write) }));
  return {
    done: results.flatMap(({ write, result }) => (result === 'done' ? [write] : [])),
    failed: results.flatMap(({ result }) => (typeof result === 'string' ? [] : [result])),
  };
}

/** Writes what an undo is due to write, and forgets it. What failed stays remembered. */
function restore(state: StateFile, plan: UndoPlan, saved: SavedTuning): TuningOutcome {
  state.write(writeSavedTuning({ ...saved, restoring: plan.restoring }));
  const present = readSettings(plan.restoring.map(({ path }) => path));
  const outcome = writeAll(plan.restoring);
  if (outcome.failed.length === 0) state.write(undefined);
  return { ...outcome, done: outcome.done.filter(({ path, value }) => plainValue(present.get(path)) !== value) };
}

/** `forwarding`: as TuningHost. @throws WeirError state-file-damaged, lock-busy; SystemError */
export function applyTuning(choice: TuningChoice, forwarding: boolean | undefined): TuningOutcome {
  return withState('tune', (state) => {
    const before = remembered(state);
    // An undo was killed: what it has not given back is no state to remember.
    if (before.restoring !== undefined) restore(state, planUndo(before, new Map()), before);
    const reading = observeTuning(forwarding);
    const { saved, writes } = planApply(tuningLines(choice, reading), reading, remembered(state));
    if (writes.length === 0) return { done: [], failed: [] };
    state.write(writeSavedTuning(saved));
    return writeAll(writes);
  });
}

/** @throws WeirError state-file-damaged, lock-busy; SystemError */
export function undoTuning(): TuningOutcome & Pick<UndoPlan, 'changedSince'> {
  return withState('tune', (state) => {
    const saved = remembered(state);
    if (saved === NO_TUNING) return { done: [], failed: [], changedSince: [] };
    const plan = planUndo(saved, readSettings(saved.settings.map(({ path }) => path)));
    return { ...restore(state, plan, saved), changedSince: plan.changedSince };
  });
}
