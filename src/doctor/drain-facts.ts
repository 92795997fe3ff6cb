// What doctor knows of drains, and of overrides whose time will be over.

export interface DrainFact {
  /** Absent: an override. */
  readonly id?: string;
  readonly target: string;
  /** Since its end was due, s; below 0: it is still to come. */
  readonly overdueS: number;
}
