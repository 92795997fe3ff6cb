// What `weir explain` knows of a packet, as data: with --json it is printed as it is.
import type { Holder } from '../../model/drain/holder.js';
import type { ConnectionMethod } from '../../model/service.js';

/**
 * `delivered`: to the director's own stack, where the server is. `passed`: unbalanced to the stack. Of content switching, `handshake`: a SYN, which weir
 * answers itself; `proxied`: to the process that listens there.
 */
export type ExplainedVerdict = 'forwarded' | 'delivered' | 'answered' | 'passed' | 'dropped' | 'handshake' | 'proxied';

/** Of content switching. `servers`: null are those of the proxy. Of TLS `path` is empty. */
export interface ExplainedRule {
  readonly host: string;
  readonly path: string;
  readonly exact: boolean;
  readonly servers: readonly string[] | null;
  /** Those of them that checks found down. */
  readonly down: readonly string[];
  /** The request goes by it. */
  readonly matches: boolean;
}

export interface ExplainedServer {
  readonly server: string;
  readonly method: ConnectionMethod;
  /** That packets find. */
  readonly weight: number;
  readonly configuredWeight: number;
  /** The drains and overrides by which that is another weight, or would be. */
  readonly heldBy: readonly Holder[];
  readonly active: number;
  readonly inactive: number;
  readonly chosen: boolean;
  readonly why: string;
}

/** Not in the table: a daemon has it in its file. */
export interface ExplainedOut {
  readonly server: string;
  readonly why: string;
}

export interface Setting {
  /** As sysctl or ipvsadm names it. */
  readonly name: string;
  readonly value: string;
  readonly effect: string;
}

/** What the packet filter of this host does with it, by its rules. `elsewhere`: it leads it to another address or port. */
export interface ExplainedFilter {
  readonly fate: 'accepted' | 'dropped' | 'elsewhere' | 'uncertain';
  /** That drop it, lead it elsewhere, or may. */
  readonly rules: readonly string[];
  /** Which rules could not be read. */
  readonly unread: string | null;
}

export interface Explanation {
  readonly packet: {
    readonly protocol: string;
    readonly what: string;
    readonly from: string;
    readonly to: string;
    readonly device: string;
    readonly mark: number;
    readonly ttl: number;
    readonly length: number;
  };
  readonly verdict: ExplainedVerdict;
  /** A key of `weir stats drops`, and its meaning; null: the packet is not counted there. */
  readonly reason: { readonly key: string; readonly text: string } | null;
  /** In a sentence. */
  readonly why: string;
  readonly service: {
    readonly name: string;
    readonly scheduler: string;
    readonly live: boolean;
    readonly onePacket: boolean;
    readonly persistence: number | null;
  } | null;
  readonly connection: {
    readonly client: string;
    readonly virtual: string;
    readonly server: string;
    /** By FULLNAT: the address and port that the server sees in the place of the client's. */
    readonly local: string | null;
    readonly method: ConnectionMethod;
    readonly state: string;
    readonly expires: number;
    readonly use: 'goes on' | 'replaced' | 'destination removed' | 'reply';
  } | null;
  readonly template: { readonly network: string; readonly server: string; readonly leads: boolean; readonly expires: number } | null;
  /** null: no scheduler was asked. */
  readonly scheduled: {
    readonly scheduler: string;
    readonly servers: readonly ExplainedServer[];
    readonly out: readonly ExplainedOut[];
  } | null;
  /** The rules of content switching; null: the address is not switched. */
  readonly switched: {
    readonly protocol: 'http' | 'tls';
    /** That is asked about. */
    readonly request: { readonly host: string; readonly path: string } | null;
    /** Why the request is the proxy's; null: it is not, or none is asked about. */
    readonly undecided: string | null;
    /** The one that matches first. */
    readonly rules: readonly ExplainedRule[];
    /** So many rules are not shown. */
    readonly more: number;
  } | null;
  /** null: it does not leave. */
  readonly leaves: {
    readonly device: string;
    readonly neighbour: string | null;
    readonly toMac: string | null;
    readonly fromMac: string | null;
    readonly mtu: number | null;
  } | null;
  /** null: it stays as it is. Within a tunnel: what is inside. */
  readonly becomes: { readonly protocol: string; readonly from: string; readonly to: string; readonly ttl: number } | null;
  /** The outer packet of a tunnel; null: there is none. `protocol`: as `--tun-type` names it. `port`: of GUE. `bytes`: what it adds. */
  readonly within: {
    readonly protocol: string;
    readonly from: string;
    readonly to: string;
    readonly port: number | null;
    readonly ttl: number;
    readonly bytes: number;
  } | null;
  /**
   * It is larger than what its next hop takes: that hop's MTU, what of it a tunnel leaves (`named`: the size that the ICMP error names; null: none
   * is sent). null: it is not, or the MTU is not known.
   */
  readonly tooBig: {
    readonly bytes: number;
    readonly device: string;
    readonly neighbour: string | null;
    readonly mtu: number;
    readonly tunnel: string | null;
    readonly named: number | null;
  } | null;
  /** null: the packet filter is not asked, or its rules are not evaluated. */
  readonly filter: ExplainedFilter | null;
  /** What becomes of it if the packet filter of this host lets it pass; null: it is not asked, or does not. */
  readonly accepted: Explanation | null;
  readonly settings: readonly Setting[];
  /** What may come out another way. */
  readonly uncertain: readonly string[];
}

/** Nothing is scheduled, and the packet itself does not leave. */
export const NOWHERE = {
  reason: null,
  connection: null,
  template: null,
  scheduled: null,
  leaves: null,
  becomes: null,
  within: null,
  tooBig: null,
} as const satisfies Partial<Explanation>;
