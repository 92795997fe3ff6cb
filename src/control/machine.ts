// What all machines of control/ have in common. A machine is a value and one function, `step(state, input, atUs)`, which answers with
// a Step. Within a step its parts share a StepContext, which they change; outside of a step everything is a value.
import type { LogLevel } from '../model/log-level.js';

/** What a step answers. `wakeAtUs`: `step` must be called again with `wake` no later than this; undefined: only with the next input. */
export interface Step<State, Effect> {
  readonly state: State;
  readonly effects: readonly Effect[];
  readonly wakeAtUs: number | undefined;
}

/** A machine's one function: pure, and the same for every machine. `atUs`: monotonic microseconds, never less than before. */
export type StepFunction<State, Input, Effect> = (state: State, input: Input, atUs: number) => Step<State, Effect>;

/** One step in progress. A machine adds the lists that a step changes in place. */
export interface StepContext<State, Effect> {
  /** Monotonic microseconds. */
  readonly atUs: number;
  machine: State;
  readonly effects: Effect[];
}

/** A line for the log. `detail`: keepalived logs it only with -D. */
export interface LogEffect {
  readonly kind: 'log';
  readonly level: LogLevel;
  readonly text: string;
  readonly detail?: boolean;
}

/** As much of a StepContext as logging needs; effects of other kinds may be in it. */
interface LogContext {
  readonly effects: { push(effect: LogEffect): unknown };
}

/** A line about the process as a whole. */
export function log(context: LogContext, text: string, level: LogLevel = 'info'): void {
  context.effects.push({ kind: 'log', level, text });
}

/** A line about the process as a whole that is logged only with -D. */
export function logDetail(context: LogContext, text: string): void {
  context.effects.push({ kind: 'log', level: 'info', text, detail: true });
}

/** How many lines of a kind may still be logged, so that a flood of bad packets does not fill the log. */
interface LogBudget {
  readonly tokens: number;
  readonly refilledAtUs: number;
  readonly suppressed: number;
}

/** By kinds of lines. A machine's state holds one; a machine of many instances may hold one for each. */
export type LogBudgets = ReadonlyMap<string, LogBudget>;

const BURST_MAX = 10;
const REFILL_US = 10_000_000;

/**
 * Takes one line of `kind` from the budgets: ten in a burst, one more every ten seconds. `suffix`: what is logged behind the line, the
 * number of lines suppressed since the last one that was logged; undefined: the line is not logged.
 */
export function spendBudget(
  budgets: LogBudgets,
  kind: string,
  atUs: number,
): { readonly budgets: LogBudgets; readonly suffix: string | undefined } {
  const before = budgets.get(kind) ?? { tokens: BURST_MAX, refilledAtUs: atUs, suppressed: 0 };
  const refills = Math.max(0, Math.floor((atUs - before.refilledAtUs) / REFILL_US));
  const tokens = Math.min(BURST_MAX, before.tokens + refills);
  const refilledAtUs = before.refilledAtUs + refills * REFILL_US;
  const logged = tokens > 0;
  const budget = { tokens: logged ? tokens - 1 : 0, refilledAtUs, suppressed: logged ? 0 : before.suppressed + 1 };
  const suppressed = before.suppressed === 0 ? '' : ` (${before.suppressed} more like this were not logged)`;
  return { budgets: new Map(budgets).set(kind, budget), suffix: logged ? suppressed : undefined };
}

interface BoundedContext<State> extends LogContext {
  readonly atUs: number;
  machine: State;
}

/** Lines that others can bring about, bounded per `kind`. */
export function logBounded<State extends { readonly budgets: LogBudgets }>(
  context: BoundedContext<State>,
  kind: string,
  texts: readonly string[],
  options: { readonly level?: LogLevel; readonly detail?: boolean } = {},
): void {
  const { budgets, suffix } = spendBudget(context.machine.budgets, kind, context.atUs);
  context.machine = { ...context.machine, budgets };
  if (suffix === undefined) return;
  for (const text of texts) context.effects.push({ kind: 'log', level: 'info', ...options, text: `${text}${suffix}` });
}

/** The item of an index that came from the machine itself. @throws Error for any other */
export function itemAt<Item>(list: readonly Item[], index: number, what: string): Item {
  const item = list[index];
  if (item === undefined) throw new Error(`no ${what} ${index}`);
  return item;
}
