// The table that a reload leads to, worked out as the checker would: a machine of health checks takes the running configuration with the
// health that is known, and then the new one; a TableIntent takes the pools that it decides on.

import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { WantedTable } from '../../model/keepalived/wanted-table.js';
import { configureInput } from '../check/configure-input.js';
import type { CheckEffect, CheckInput } from '../check/messages.js';
import type { Remembered } from '../check/remembered-check.js';
import { type CheckMachine, initialChecks } from '../check/state.js';
import { step } from '../check/step.js';
import { TableIntent } from '../virtual-server/table-intent.js';

/** What the daemon that runs has found out, or the one before it. */
export interface KnownHealth {
  readonly remembered: Remembered;
  /** Monotonic microseconds, as those that are remembered. */
  readonly atUs: number;
  /** Values of tracked files, by name. */
  readonly files: ReadonlyMap<string, number | undefined>;
}

export interface ReloadedTable {
  /** As the running configuration has it at the moment; empty: none runs. */
  readonly before: WantedTable;
  /** What waits to be made true. */
  readonly intent: TableIntent;
  /** The machine after the reload. */
  readonly machine: CheckMachine;
}

function serve(intent: TableIntent, effects: readonly CheckEffect[]): void {
  for (const effect of effects) {
    if (effect.kind === 'remove') intent.remove(effect.server);
    if (effect.kind === 'serve') intent.serve(effect.server, effect.pool);
  }
  intent.followHealth();
}

/** `running`: what runs now; undefined: `next` is for a start. */
export function reloadTable(
  running: KeepalivedConfiguration | undefined,
  next: KeepalivedConfiguration,
  { remembered, files, atUs }: KnownHealth,
): ReloadedTable {
  const intent = new TableIntent(running ?? next);
  let machine = initialChecks();
  const feed = (input: CheckInput): readonly CheckEffect[] => {
    const { state, effects } = step(machine, input, atUs);
    machine = state;
    return effects;
  };
  for (const [name, value] of files) feed({ kind: 'file', name, value });
  let before: WantedTable = new Map();
  if (running !== undefined) {
    serve(intent, feed({ ...configureInput(running), remembered }));
    before = new Map(intent.wanted);
    intent.settle();
    intent.configure(next);
  }
  serve(intent, feed(running === undefined ? { ...configureInput(next), remembered } : configureInput(next)));
  return { before, intent, machine };
}
