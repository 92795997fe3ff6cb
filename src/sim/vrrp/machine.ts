// What the simulator needs of a VRRP machine: steps as in control/vrrp, and a small view of its state for the invariants.

import type { StepFunction } from '../../control/machine.js';
import type { Effect, Input, VrrpState } from '../../control/vrrp/messages.js';

export interface InstanceView {
  readonly name: string;
  readonly state: VrrpState;
  /** The effective priority. */
  readonly priority: number;
}

export interface Machine<S> {
  readonly initial: () => S;
  readonly step: StepFunction<S, Input, Effect>;
  readonly view: (state: S) => readonly InstanceView[];
}
