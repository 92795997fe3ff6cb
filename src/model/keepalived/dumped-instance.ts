// What keepalived.data shows of the configuration of an instance of VRRP, as far as exporters of metrics read it.

export interface DumpedInstance {
  readonly name: string;
  /** Behind `Interface =`. */
  readonly interface: string;
  /** The lines of its addresses, and of the excluded ones. */
  readonly addresses: readonly string[];
  readonly excluded: readonly string[];
  /** garp_master_delay, whole seconds. */
  readonly garpDelay: number;
}
