// What a server did between two of its reports: how busy it was, and what it completed, over the same window. What cannot be is not believed.
import type { LoadCounters } from '../../model/feedback/load-report.js';

/** The director's own counters of a server. */
export interface DirectorCounters {
  /** Connections so far. */
  readonly conns: number;
  /** Those that are open now. */
  readonly active: number;
}

export interface Sample extends LoadCounters {
  /** When it came, monotonic microseconds of the director. */
  readonly atUs: number;
  readonly director?: DirectorCounters;
}

export interface Window {
  readonly seconds: number;
  /** 0 to 1. */
  readonly busy: number;
  /** Completed requests or connections. */
  readonly completed: number;
}

/** `began-again`: counters of a new run. `nothing`: the same report as before. */
export type Comparison =
  | { readonly kind: 'window'; readonly window: Window }
  | { readonly kind: 'began-again' | 'nothing' }
  | { readonly kind: 'fault'; readonly text: string };

/** So much longer than its time something may be busy: clocks of ticks. */
const BUSY_EXCESS = 1.05;
/** With so many completed a server cannot have been idle all the time. */
const TRAFFIC_MIN = 20;
const IDLE_BUSY = 0.001;

const US = 1_000_000;
/** A server's clock is believed to go so many times faster or slower than the director's; an answer takes up to 2 s, so it may have gone further. */
const CLOCK_RATIO_MAX = 8;
const CLOCK_AHEAD_US = 2_000_000;
/** No server completes more in a second. */
const COMPLETED_PER_S_MAX = 10_000_000;

const fault = (text: string): Comparison => ({ kind: 'fault', text });

/** Undefined: all are numbers that a counter may have. */
export function wrongNumber({ clockUs, resources, completed }: LoadCounters): string | undefined {
  const numbers = [clockUs, completed, ...resources.flatMap(({ busy, total }) => [busy, total])];
  const wrong = numbers.find((value) => value !== undefined && !(value >= 0 && value <= Number.MAX_SAFE_INTEGER));
  return wrong === undefined ? undefined : `a counter is ${wrong}`;
}

function completedBetween(before: Sample, after: Sample): number | undefined {
  if (before.completed !== undefined && after.completed !== undefined) return after.completed - before.completed;
  if (before.director === undefined || after.director === undefined) return undefined;
  const came = after.director.conns - before.director.conns;
  // Zeroed meanwhile.
  return came < 0 ? undefined : Math.max(0, came - (after.director.active - before.director.active));
}

/** The busiest of what both reports have. */
function busyBetween(before: Sample, after: Sample): number | string | undefined {
  let busiest: number | undefined;
  for (const { name, busy, total } of after.resources) {
    const old = before.resources.find((one) => one.name === name);
    if (old === undefined) continue;
    const [busyTime, time] = [busy - old.busy, total - old.total];
    if (busyTime < 0 || time < 0) return `its counter of ${name} went back`;
    if (busyTime > time * BUSY_EXCESS) return `${name} was busy longer than its time`;
    if (time > 0) busiest = Math.max(busiest ?? 0, Math.min(1, busyTime / time));
  }
  return busiest;
}

/** What happened between two reports of a server. */
export function compare(before: Sample, after: Sample): Comparison {
  if (before.run !== after.run) return { kind: 'began-again' };
  const time = after.atUs - before.atUs;
  const clock = before.clockUs === undefined || after.clockUs === undefined ? time : after.clockUs - before.clockUs;
  if (clock < 0) return fault('its clock went back');
  const busy = busyBetween(before, after);
  if (typeof busy === 'string') return fault(busy);
  if (busy === undefined || clock === 0) return { kind: 'nothing' };
  if (clock < time / CLOCK_RATIO_MAX || clock > time * CLOCK_RATIO_MAX + CLOCK_AHEAD_US)
    return fault(`its clock went ${clock / US} s in ${time / US} s`);
  const completed = completedBetween(before, after);
  if (completed === undefined) return { kind: 'began-again' };
  if (completed < 0) return fault('its count of completed requests went back');
  if (busy < IDLE_BUSY && completed >= TRAFFIC_MIN) return fault(`it reports no load, and completed ${completed}`);
  const window = { seconds: clock / US, busy, completed };
  if (completed / window.seconds > COMPLETED_PER_S_MAX) return fault(`it completed ${completed} in ${window.seconds} s`);
  return isBelievable(window) ? { kind: 'window', window } : fault('its numbers give no rate');
}

/** Whether the law can go by it. */
export function isBelievable(window: Window): boolean {
  const { seconds, busy, completed } = window;
  return seconds > 0 && busy >= 0 && busy <= 1 && completed >= 0 && Number.isFinite(capacityOf(window));
}

/** Below this a busy share is noise. */
export const BUSY_MIN = 0.02;

/** What a server would complete a second if it were busy all the time. */
export const capacityOf = ({ completed, busy, seconds }: Window): number => completed / seconds / Math.max(busy, BUSY_MIN);

/** Two estimates of which one cannot be right, unless the next window has it, too. */
export const isJump = (before: Window, after: Window): boolean => {
  if (Math.min(before.completed, after.completed) < TRAFFIC_MIN) return false;
  const ratio = capacityOf(after) / capacityOf(before);
  return ratio > JUMP_MAX || ratio < 1 / JUMP_MAX;
};
const JUMP_MAX = 4;
