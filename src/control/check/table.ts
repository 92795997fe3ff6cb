// When the table is made what it should be: after each change, and again while something of it is refused.
import { log, type StepContext } from '../machine.js';
import { type CheckContext, serverAt } from './context.js';
import type { ApplyResult, CheckEffect } from './messages.js';
import { poolOf } from './pool.js';
import { type CheckMachine, RETRY_MIN_US, type TableState } from './state.js';

/** The longest pause between two retries. */
const RETRY_MAX_US = 60_000_000;
/** How soon a lock is tried again that another process holds: in the first second, and after it. */
const BUSY_RETRY_US = 20_000;
const BUSY_RETRY_MAX_US = 500_000;
const BUSY_TRIES_MAX = 50;

/** What this step changes in the table, and one `apply` for all. They come first: scripts and mails report what is done. */
export function applyChanges(context: CheckContext): readonly CheckEffect[] {
  const indices = [...context.changed].sort((a, b) => a - b);
  const served = indices.map(
    (index) => ({ kind: 'serve', server: serverAt(context, index).config, pool: poolOf(context, index) }) as const,
  );
  const due = isDue(context.machine, context.atUs);
  const removed = context.effects.filter(({ kind }) => kind === 'remove');
  if (served.length === 0 && removed.length === 0 && !due) return [];
  const { table } = context.machine;
  context.machine = { ...context.machine, table: { ...table, retryAtUs: undefined } };
  return [...removed, ...served, { kind: 'apply' }];
}

const isDue = ({ table }: CheckMachine, atUs: number): boolean => table.retryAtUs !== undefined && table.retryAtUs <= atUs;

/** A reload is tried without the pauses that earlier refusals earned. */
export function forgetPauses(context: StepContext<CheckMachine, CheckEffect>): void {
  context.machine = { ...context.machine, table: { ...context.machine.table, retryUs: RETRY_MIN_US, busyTries: 0 } };
}

export function takeApplied(context: CheckContext, result: ApplyResult): void {
  if (result.kind === 'busy') takeBusy(context, result.who);
  else takeTroubles(context, new Set(result.refused));
}

/** Others hold the lock for milliseconds: only a longer wait is reported, once, for its holder may be another at each try. */
function takeBusy(context: CheckContext, who: string): void {
  const busyTries = context.machine.table.busyTries + 1;
  if (busyTries === BUSY_TRIES_MAX) logTroubles(context, new Set([`virtual servers cannot be set up: ${who}`]));
  const retryAtUs = context.atUs + (busyTries < BUSY_TRIES_MAX ? BUSY_RETRY_US : BUSY_RETRY_MAX_US);
  context.machine = { ...context.machine, table: { ...context.machine.table, busyTries, retryAtUs } };
}

function takeTroubles(context: CheckContext, troubles: ReadonlySet<string>): void {
  logTroubles(context, troubles);
  const { retryUs } = context.machine.table;
  const again = troubles.size > 0;
  const table: TableState = {
    troubles,
    busyTries: 0,
    retryUs: again ? Math.min(RETRY_MAX_US, retryUs * 2) : RETRY_MIN_US,
    retryAtUs: again ? context.atUs + retryUs : undefined,
  };
  context.machine = { ...context.machine, table };
}

/** Each trouble when it comes, and when it is gone. */
function logTroubles(context: CheckContext, troubles: ReadonlySet<string>): void {
  const { troubles: before } = context.machine.table;
  for (const text of troubles) if (!before.has(text)) log(context, `${text} - trying again`, 'error');
  for (const text of before) if (!troubles.has(text)) log(context, `no longer: ${text}`);
  context.machine = { ...context.machine, table: { ...context.machine.table, troubles } };
}
