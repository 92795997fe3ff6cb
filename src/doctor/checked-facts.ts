// The facts about services whose servers a daemon of weir checks.

export interface CheckedServiceFact {
  /** The keepalived.conf or weir.yaml that has it. */
  readonly file: string;
  /** Whether that is a weir.yaml. */
  readonly ofDocument: boolean;
  /** Servers that are down, by endpoint, with what failed. */
  readonly down: ReadonlyMap<string, string>;
  /** The endpoint of the sorry server. */
  readonly sorry?: string;
}
