// What doctor knows of content switching.
export interface SwitchFact {
  /** `address:port` of the listeners. */
  readonly listeners: readonly string[];
  /** Interfaces with the datapath's program of tc, and without that of content switching in front of it, or behind XDP, by name. */
  readonly uncovered: readonly string[];
  /** Sysctls that connections to the proxy need, and that are 0. */
  readonly off: readonly string[];
}
