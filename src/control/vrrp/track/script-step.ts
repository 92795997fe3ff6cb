// vrrp_script results: how many consecutive successes or failures change the verdict, and what is logged about it.

import type { TrackScript } from '../../../model/keepalived/trackers.js';
import type { ScriptOutcome } from '../messages.js';
import type { ScriptState } from '../state/vrrp-machine.js';

export interface ScriptStep {
  readonly state: ScriptState;
  readonly lines: readonly string[];
}

function top(script: TrackScript): number {
  return script.rise + script.fall - 1;
}

/** One run ended. `before` absent: it was the first, which decides alone. */
export function scriptStep(script: TrackScript, before: ScriptState | undefined, outcome: ScriptOutcome): ScriptStep {
  const success = outcome.kind === 'exited' && outcome.status === 0;
  const status = outcome.kind === 'exited' ? outcome.status : (before?.status ?? 0);
  const changed = outcome.kind === 'exited' && status !== (before?.status ?? 0);
  const lines = changed ? [`Script \`${script.name}\` now returning ${status}`] : [];
  const level = nextLevel(script, before, success);
  const good = level >= script.rise;
  const verdict = before === undefined || before.fresh || good !== before.good;
  return { state: { good, level, status, fresh: false }, lines: verdict ? [...lines, verdictText(script, outcome, good)] : lines };
}

function nextLevel(script: TrackScript, before: ScriptState | undefined, success: boolean): number {
  if (before === undefined || before.fresh) return success ? top(script) : 0;
  if (success) return before.good || before.level + 1 >= script.rise ? top(script) : before.level + 1;
  return before.good && before.level > script.rise ? before.level - 1 : 0;
}

function verdictText(script: TrackScript, outcome: ScriptOutcome, good: boolean): string {
  const name = `VRRP_Script(${script.name})`;
  if (good) return `${name} succeeded`;
  switch (outcome.kind) {
    case 'exited':
      return `${name} failed (exited with status ${outcome.status})`;
    case 'signalled':
      return `${name} failed (due to signal ${outcome.signal})`;
    case 'timedOut':
      return `${name} timed_out`;
    case 'notStarted':
      return `${name} failed (${outcome.why})`;
  }
}

/** What a script counts as before its first result; undefined: neither good nor bad. */
export function initialScript(script: TrackScript): ScriptState | undefined {
  return script.initFail ? { good: false, level: 0, status: 0, fresh: true } : undefined;
}

/** A result carried over a reload, with the `rise` and `fall` of the new configuration. */
export function carryScript(script: TrackScript, before: ScriptState): ScriptState {
  return { ...before, level: before.good ? top(script) : 0 };
}
