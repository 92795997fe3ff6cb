// What doctor knows of drains.

export interface DrainFact {
  readonly id: string;
  readonly target: string;
  /** Since its end was due, s; below 0: it is still to come. */
  readonly overdueS: number;
}
