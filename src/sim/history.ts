// What the histories of every simulator have: what is disturbed when, and when it ends.

export interface HistoryEvent<Disturbance> {
  readonly atUs: number;
  readonly what: Disturbance;
  /** Events of one number belong together (a cut and its end): shrinking drops all or none of them. */
  readonly episode: number;
}

export interface CommonHistory<Disturbance> {
  readonly seed: number;
  readonly events: readonly HistoryEvent<Disturbance>[];
  /** From here on nothing is disturbed any more. */
  readonly calmFromUs: number;
  readonly endUs: number;
  /** How late a process may be woken, as on a busy host. */
  readonly lateUs: number;
}
