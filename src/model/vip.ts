// A VIP as it is asked for: by weir vip add, and by a weir.yaml.
import type { Address } from './address.js';

export interface WantedVip {
  readonly address: Address;
  readonly prefixLength: number;
  readonly interface: string;
  /** IPv4 only. Absent: any. */
  readonly label?: string;
}
