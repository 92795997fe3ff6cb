// What doctor knows of content switching.
/** What a file of this host asks for. */
export interface WantedSwitchFact {
  readonly file: string;
  /** Names of listeners of which something is to be switched. */
  readonly listeners: readonly string[];
  /** What the kernel lacks for that. */
  readonly lacks: readonly string[];
}

export interface SwitchFact {
  /** `address:port` of the listeners. */
  readonly listeners: readonly string[];
  /** Interfaces with the datapath's program of tc, and without that of content switching in front of it, or behind XDP, by name. */
  readonly uncovered: readonly string[];
  /** Sysctls that connections to the proxy need, and that are 0. */
  readonly off: readonly string[];
  /** Listeners at which no socket listens, neither of their address nor of all. */
  readonly unserved: readonly string[];
}
