// The state of one service's feedback.
import { FEEDBACK_DEFAULTS, type FeedbackSettings } from '../../model/feedback/feedback-settings.js';
import type { AdminState } from '../../model/feedback/load-report.js';
import { log, type StepContext } from '../machine.js';
import type { Decision, PoolNote } from './law.js';
import type { FeedbackEffect, RememberedWeight, WeightWrite } from './messages.js';
import type { DirectorCounters, Sample, Window } from './window.js';

/**
 * `blackout`: its reports do not count yet, for so many periods. `slow-start`: it came back, and has so many fifths of its weight. `quiesced`: another
 * program wrote weight 0. `drained`: the server itself wants no connections. `down`: its checks took it out, and it is in the table still.
 */
export type Phase =
  | { readonly kind: 'blackout'; readonly left: number }
  | { readonly kind: 'slow-start'; readonly step: number }
  | { readonly kind: 'measured' | 'quiesced' | 'drained' | 'down' };

/** A written reason, newest last. */
export interface WeightChange {
  readonly atUs: number;
  readonly from: number;
  readonly to: number;
  readonly reason: string;
}

export interface ServerState {
  readonly id: string;
  readonly name: string;
  /** What another program than feedback wrote last. */
  readonly configured: number;
  /** What the table has. */
  readonly effective: number;
  /** What it is about to have. */
  readonly writing: number | undefined;
  readonly phase: Phase;
  /** The report at which the present window begins, and the newest one. */
  readonly baseline: Sample | undefined;
  readonly latest: Sample | undefined;
  readonly window: Window | undefined;
  /** It differed too much from the one before to be believed. */
  readonly doubted: Window | undefined;
  /** Periods since the last window that counted. */
  readonly silent: number;
  /** Steps that are left on the way back to the configured weight. */
  readonly driftLeft: number;
  readonly percent: { readonly value: number; readonly atUs: number } | undefined;
  readonly admin: AdminState;
  /** Another program wrote a weight since: what the server wanted before does not count. */
  readonly adminOverruled: boolean;
  /** Why its last report does not count. */
  readonly fault: string | undefined;
  readonly decision: Decision | undefined;
  readonly changes: readonly WeightChange[];
  /** When the configured weight was last written again, and the feedback's one after it. */
  readonly restoredAtUs: number | undefined;
  readonly counters: DirectorCounters;
  /** At the last period's end. */
  readonly connsBefore: number;
  /** Of the service's new connections in the last period; undefined: there were none. */
  readonly share: number | undefined;
}

export interface FeedbackMachine {
  readonly settings: FeedbackSettings;
  readonly remembered: ReadonlyMap<string, RememberedWeight>;
  /** By id, in the table's order; undefined: the service is not there. */
  readonly servers: ReadonlyMap<string, ServerState> | undefined;
  readonly note: PoolNote;
  readonly frozen: boolean;
  readonly stopped: boolean;
  readonly tickAtUs: number | undefined;
  readonly tickedAtUs: number;
}

export interface FeedbackContext extends StepContext<FeedbackMachine, FeedbackEffect> {
  readonly servers: Map<string, ServerState>;
  readonly writes: WeightWrite[];
}

export const initialFeedback = (): FeedbackMachine => ({
  settings: FEEDBACK_DEFAULTS,
  remembered: new Map(),
  servers: undefined,
  note: 'balancing',
  frozen: false,
  stopped: false,
  tickAtUs: undefined,
  tickedAtUs: 0,
});

export const SLOW_START_STEPS = 5;
export const BLACKOUT_PERIODS = 2;
const CHANGES_MAX = 20;

/** The configured weight in the table's units. */
export const baseOf = ({ configured }: ServerState, { scale }: FeedbackSettings): number => configured * scale;

export function changeServer(context: FeedbackContext, id: string, change: Partial<ServerState>): void {
  const server = context.servers.get(id);
  if (server !== undefined) context.servers.set(id, { ...server, ...change });
}

/** What a table takes. */
const WEIGHT_MAX = 0x7fff_ffff;

/** Whether a number may be written: whole, and what a table takes. */
const isWeight = (value: number): boolean => Number.isInteger(value) && value >= 0 && value <= WEIGHT_MAX;

/** Has a weight written; of two for one server in a step the last counts. While frozen none is. */
export function write(context: FeedbackContext, id: string, to: number, reason: string): void {
  const server = context.servers.get(id);
  if (server === undefined || context.machine.frozen || to === server.effective) return;
  if (!isWeight(to)) {
    log(context, `${server.name}: ${to} is no weight, and is not written: ${reason}`, 'error');
    return;
  }
  const index = context.writes.findIndex((one) => one.server === id);
  if (index >= 0) context.writes.splice(index, 1);
  context.writes.push({ server: id, from: server.effective, to, reason });
  changeServer(context, id, { writing: to });
}

/** The writes that were made, with their reasons. */
export function takeWritten(context: FeedbackContext, ids: readonly string[]): void {
  const made = new Set(ids);
  for (const [id, server] of context.servers) {
    if (server.writing === undefined) continue;
    changeServer(context, id, made.has(id) ? { effective: server.writing, writing: undefined } : { writing: undefined });
  }
}

/** Keeps the reason of each write beside the server. */
export function recordReasons(context: FeedbackContext): void {
  for (const { server: id, from, to, reason } of context.writes) {
    const server = context.servers.get(id);
    if (server === undefined) continue;
    changeServer(context, id, { changes: [...server.changes, { atUs: context.atUs, from, to, reason }].slice(-CHANGES_MAX) });
  }
}
