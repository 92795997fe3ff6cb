// What every run of a history does: takes the events in the order of time, asks the invariants, and stops at the first violation.
import { type Agenda, agendaOf } from './agenda.js';
import type { CommonHistory } from './history.js';
import type { InvariantOf, Violation } from './invariant.js';

export interface Result {
  readonly violation: Violation | undefined;
  readonly steps: number;
}

export type Trace = (line: string) => void;

/** An event of the history; a simulator's own events follow from it. */
export interface DisturbEvent<Disturbance> {
  readonly kind: 'disturb';
  readonly what: Disturbance;
}

/** A run in progress. A simulator adds its world and the states of its machines. */
export interface CommonRun<Event, Observation, Disturbance> {
  readonly agenda: Agenda<Event | DisturbEvent<Disturbance>>;
  readonly invariants: readonly InvariantOf<Observation, Disturbance>[];
  /** Gets one line per event. */
  readonly trace: Trace | undefined;
  steps: number;
  nowUs: number;
  violation: Violation | undefined;
}

export function commonRunOf<Event, Observation, Disturbance>(
  history: CommonHistory<Disturbance>,
  invariants: readonly InvariantOf<Observation, Disturbance>[],
  trace: Trace | undefined,
): CommonRun<Event, Observation, Disturbance> {
  const agenda = agendaOf<Event | DisturbEvent<Disturbance>>();
  for (const { atUs, what } of history.events) agenda.add(atUs, { kind: 'disturb', what });
  return { agenda, invariants, trace, steps: 0, nowUs: 0, violation: undefined };
}

/** The first failure is the run's violation. */
export function fail(run: { readonly nowUs: number; violation: Violation | undefined }, text: string | undefined): void {
  if (text !== undefined) run.violation ??= { atUs: run.nowUs, text };
}

/** Handles the events until the history ends or an invariant breaks. */
export function runEvents<Event, Observation, Disturbance>(
  run: CommonRun<Event, Observation, Disturbance>,
  endUs: number,
  handle: (event: Event | DisturbEvent<Disturbance>) => void,
): Result {
  while (run.violation === undefined) {
    const next = run.agenda.next();
    run.nowUs = Math.min(next?.atUs ?? endUs, endUs);
    for (const invariant of run.invariants) fail(run, invariant.passed?.(run.nowUs));
    if (next === undefined || next.atUs > endUs) break;
    handle(next.what);
  }
  return { violation: run.violation, steps: run.steps };
}
