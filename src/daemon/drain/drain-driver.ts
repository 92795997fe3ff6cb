// Gives drains their turns until none needs any: every process that has one running does so, and as many may do it together as like, since each
// turn is one step from the record that is pinned. `weir drain` starts one that goes on in the background.
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { DrainEvent } from '../../control/drain/messages.js';
import { netnsStatePath } from '../../host/state-file.js';
import { type Drain, isDriven } from '../../model/drain/drain.js';
import { artifact } from '../../sys/artifact.js';
import { monotonicUs } from '../../sys/clock.js';
import { Lock } from '../../sys/files/lock.js';
import { exclusiveHolder } from '../../sys/files/lock-holder.js';
import { makeFolders } from '../../sys/files/make-folders.js';
import { spawnChild } from '../../sys/processes/spawn-child.js';
import { unlessBusy } from '../process/unless-busy.js';
import { turn } from './drains.js';
import { endDrained } from './end-drained.js';

const LOOK_MS = 1000;
/** A look at a full table may take long: so many times as long is its rest. */
const REST_TIMES = 10;

/** The time until the first deadline, ms: none waits for the rest after a long look. */
const deadlineMs = (drains: readonly Drain[]): number =>
  Math.min(...drains.flatMap(({ state, deadlineUs }) => (state === 'draining' ? [(deadlineUs - monotonicUs()) / 1000] : [])));

/** Looks until `isDone`, or until nothing is left to be looked at. `lookMs`: the pause between two looks. */
export async function drive(
  isDone: (drains: readonly Drain[]) => boolean,
  onEvent: (event: DrainEvent) => void,
  lookMs = LOOK_MS,
): Promise<readonly Drain[]> {
  for (;;) {
    const beganUs = monotonicUs();
    const record = unlessBusy(() => turn({ onEvent }));
    const tookMs = (monotonicUs() - beganUs) / 1000;
    if (record !== undefined && (await endDrained(record.drains, onEvent))) continue;
    if (record !== undefined && (isDone(record.drains) || !isDriven(record))) return record.drains;
    await delay(Math.max(lookMs, Math.min(tookMs * REST_TIMES, deadlineMs(record?.drains ?? []))));
  }
}

/** One that ends has let go of it within this time, ms. */
const HANDOVER_MS = 3000;

/** Held by the process that drives this namespace's drains in the background. */
const driverLock = (): string => netnsStatePath('drain').replace(/json$/, 'lock');

/** The process that drives drains here in the background; undefined: none does. */
export const drainDriver = (): number | undefined => (existsSync(driverLock()) ? exclusiveHolder(driverLock()) : undefined);

/** One that could not take its lock has ended by then. */
const STARTED_PAUSE_MS = 5000;

/** Has a process drive the drains of this namespace, where none does. */
export function drainKeeper(): () => void {
  let startedAt = Number.NEGATIVE_INFINITY;
  return () => {
    if (performance.now() - startedAt < STARTED_PAUSE_MS || drainDriver() !== undefined) return;
    startedAt = performance.now();
    startDrainDriver();
  };
}

/** Drives all drains of this namespace until none needs it. Nothing where another process does so. */
export async function driveAlone(onEvent: (event: DrainEvent) => void): Promise<void> {
  makeFolders(dirname(driverLock()));
  const lock = unlessBusy(() => Lock.take(driverLock(), { waitMs: HANDOVER_MS }));
  if (lock === undefined) return;
  try {
    await drive(() => false, onEvent);
  } finally {
    lock.release();
  }
}

/** Starts a process that does so, in a session of its own; its events are in the system log. Its number; undefined: it could not be started. */
export function startDrainDriver(): number | undefined {
  const child = spawnChild(process.execPath, [...process.execArgv, artifact('weir.cjs'), 'drain', 'drive'], {
    stdio: 'ignore',
    detached: true,
    cwd: '/',
  });
  child.on('error', () => {}); // the next command that is about drains starts another one
  child.unref();
  return child.pid;
}
