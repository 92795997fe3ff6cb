// An invariant observes every step and the passing of time, and reports what is wrong.

/** Each function returns what is wrong, or undefined. */
export interface InvariantOf<Observation, Disturbance> {
  /** The time is `nowUs`; nothing happened since the last call of any function. */
  readonly passed?: (nowUs: number) => string | undefined;
  /** Called before it happens. */
  readonly disturbed?: (nowUs: number, what: Disturbance) => string | undefined;
  /** Called when the effects of the step were performed. */
  readonly stepped?: (observation: Observation) => string | undefined;
}

export interface Violation {
  readonly atUs: number;
  readonly text: string;
}
