// What came back after packets that doctor sent to real servers, in the ways that the datapath sends to them.
import type { Address } from '../model/address.js';

/** What came back after a packet that doctor sent. `by`: who sent the ICMP error; `tunnel`: it is about the tunnel's packet. */
export type ProbeAnswer =
  | { readonly kind: 'accepted' | 'reset' | 'silent' }
  | { readonly kind: 'rejected'; readonly type: number; readonly code: number; readonly by: Address; readonly tunnel?: true };

/**
 * The answer to a packet sent to one real server's MAC, or to its router's. `route`: for VIP:port, as VS/DR does; `tunnel`: the same in the
 * tunnel; `masq`: from the VIP to the server's own port. The server answers to this director if that is its gateway. `fullnat`: from a local
 * address to the server's own port.
 */
export interface HandoverFact {
  readonly method: 'route' | 'masq' | 'tunnel' | 'fullnat';
  readonly protocol: 'tcp' | 'udp';
  readonly vip: Address;
  readonly port: number;
  readonly realServer: Address;
  /** `masq`: not from the VIP, but from an address that no host has. */
  readonly elsewhere?: true;
  /** `fullnat`: the local address. */
  readonly local?: Address;
  /** `tunnel`: the outer packet's source. */
  readonly outerSource?: Address;
  /**
   * `tunnel`, `fullnat`, not accepted: what became of echo requests, in the same way to the VIP and to the server's own address, and `plain`: to
   * the latter from this host's own.
   */
  readonly echoes?: { readonly [of in 'vip' | 'server' | 'plain']?: ProbeAnswer['kind'] };
  readonly answer: ProbeAnswer;
}

/** The answer to ICMP echo requests of this size to `target`, in frames for `host` (VS/DR: the VIP is asked of each server). */
export interface EchoFact {
  readonly host: Address;
  readonly target: Address;
  /** Ours, or the VIP: its answer then needs the server's gateway. */
  readonly source: Address;
  readonly packetBytes: number;
  readonly answer: ProbeAnswer;
}
