// What the simulator needs of a machine of health checks: its steps, what it would write down, and a view of its state for invariants.
import type { CheckEffect, CheckInput } from '../../control/check/messages.js';
import type { Remembered } from '../../control/check/remembered-check.js';
import type { StepFunction } from '../../control/machine.js';
import type { Checker, RealServer, VirtualServer } from '../../model/keepalived/virtual-server.js';

export interface CheckerView {
  readonly config: Checker;
  readonly up: boolean;
  /** The attempt under way; 0: none. */
  readonly attempt: number;
  readonly dueAtUs: number | undefined;
}

export interface RealView {
  readonly config: RealServer;
  readonly alive: boolean;
  /** Its slow start: the present step of so many. */
  readonly slow: { readonly step: number; readonly of: number } | undefined;
  readonly checkers: readonly CheckerView[];
}

export interface ServerView {
  readonly config: VirtualServer;
  readonly quorumUp: boolean;
  readonly sorry: boolean;
  readonly suspended: boolean;
  readonly reals: readonly RealView[];
}

export interface Machine<S> {
  readonly initial: () => S;
  readonly step: StepFunction<S, CheckInput, CheckEffect>;
  readonly remembered: (state: S) => Remembered;
  readonly view: (state: S) => readonly ServerView[];
}
