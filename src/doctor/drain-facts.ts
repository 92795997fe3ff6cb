// What doctor knows of drains, and of overrides whose time will be over.

/** A drain that came from a peer leaves this service, as tcp:ADDRESS:PORT, without a server here. */
export interface EmptiedFact {
  /** Absent: an override. */
  readonly id?: string;
  readonly target: string;
  readonly service: string;
}

export interface DrainFact {
  /** Absent: an override. */
  readonly id?: string;
  readonly target: string;
  /** Since its end was due, s; below 0: it is still to come. */
  readonly overdueS: number;
}
