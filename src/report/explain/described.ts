// What an explanation is made of: the packet, what the rules reported, and what of the host decided.
import type { ExplainedPacket } from '../../datapath/ebpf/explain/explain-packet.js';
import type { Grace } from '../../datapath/ebpf/table/grace.js';
import type { Ip } from '../../datapath/memory/packets/ip.js';
import type { HeldOf } from './held-servers.js';
import type { OutOf } from './servers-out.js';
import type { Switched } from './switched.js';

/** `what`: the packet is, in words. `found`: by the reference director. */
export interface Described {
  readonly frame: Uint8Array;
  readonly device: string;
  readonly mark: number;
  readonly what: string;
  readonly found: ExplainedPacket;
  /** It begins a connection: a SYN, an INIT, a first request. */
  readonly begins: boolean;
  readonly sysctls: ReadonlyMap<string, string>;
  readonly nameOf: (ifindex: number) => string;
  /** Has the kernel a route to the address, which may be the host's? */
  readonly isRouted: (ip: Ip) => boolean;
  /** rp_filter of the device, as the kernel applies it. */
  readonly reversePath: number;
  /** The sysctl without which the kernel names no next hop for what comes by the device; undefined: it is on. */
  readonly forwardingOff: string | undefined;
  /** The grace period after a takeover; undefined: none runs. */
  readonly grace: Grace | undefined;
  /** What holds a server. */
  readonly heldOf: HeldOf;
  readonly outOf: OutOf;
  /** The rules of content switching; absent: its address is not switched. */
  readonly switched?: Switched;
  /** The same packet, as it comes back from the host's packet filter; absent: that is not asked. */
  readonly accepted?: Described;
  /** The sysctl for which the kernel does not forward it to weir's own device, to which its mark leads; absent: it does, or none leads. */
  readonly unforwarded?: string;
}
