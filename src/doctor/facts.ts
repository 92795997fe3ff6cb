// What doctor knows about this host before it judges: everything that was read or tried, and nothing that was concluded.
import type { Address } from '../model/address.js';
import type { DestinationSpec, ServiceSpec } from '../model/service.js';
import type { Mac } from '../wire/ethernet.js';
import type { Link } from '../wire/rtnetlink-link.js';

export interface AddressFact {
  readonly ifindex: number;
  readonly address: Address;
  readonly prefixLength: number;
  readonly label?: string;
}

/** How this host reaches an address: by which interface, through which router if any. */
export interface PathFact {
  readonly to: Address;
  /** `local`: it is an address of this host; `none`: there is no route. */
  readonly kind: 'direct' | 'routed' | 'local' | 'none';
  readonly device?: number;
  readonly gateway?: Address;
  /** There were too many: that nobody holds it by ARP says nothing. */
  readonly unasked?: boolean;
}

export interface DefaultRoute {
  readonly device?: number;
  readonly gateway?: Address;
}

/** A host that answered ARP for an address, asked by a probe that claims nothing. */
export interface HolderFact {
  readonly ifindex: number;
  readonly address: Address;
  readonly mac: Mac;
}

/** What every role looks at. */
export interface HostFacts {
  /** Without weir's own pair. */
  readonly links: readonly Link[];
  /** IPv4. */
  readonly addresses: readonly AddressFact[];
  readonly defaultRoutes: readonly DefaultRoute[];
  /** Sysctl values by path below /proc/sys. */
  readonly settings: ReadonlyMap<string, string>;
}

export interface ServiceFact {
  readonly spec: ServiceSpec;
  readonly destinations: readonly DestinationSpec[];
}

/** One TCP connect to a real server. `error`: the errno's name, ETIMEDOUT included. */
export interface ConnectFact {
  readonly address: Address;
  readonly port: number;
  readonly error?: string;
}

/**
 * What a SYN brings that is handed to one real server's MAC. `route`: for VIP:port, as VS/DR does; `masq`: from the VIP to the
 * server's own port, which is answered to this director if it is the server's gateway.
 */
export interface HandoverFact {
  readonly method: 'route' | 'masq';
  readonly vip: Address;
  readonly port: number;
  readonly realServer: Address;
  readonly answer: 'accepted' | 'refused' | 'silent';
}

/** What is attached where: ask the datapath's driver. `attached`: of `ingress`, `egress`, `xdp`. */
export interface DatapathFacts {
  readonly loaded: boolean;
  readonly interfaces: readonly { readonly ifindex: number; readonly name: string; readonly attached: readonly string[] }[];
}

/** One firewall rule that looks at an address or port; who wrote it does not matter. */
export interface FilterRule {
  readonly tool: 'nft' | 'iptables';
  /** Where it stands: `ip filter INPUT`. */
  readonly place: string;
  /** The rule as its tool writes it. */
  readonly text: string;
  readonly verdict: 'drop' | 'reject' | 'accept' | 'nat' | 'other';
  /** IPv4 prefixes of the destination that it looks at; empty: any. */
  readonly destinations: readonly { readonly address: Address; readonly prefixLength: number }[];
  /** Destination ports (ranges included); empty: any. */
  readonly ports: readonly { readonly from: number; readonly to: number }[];
  /** `tcp`, `udp` …; absent: any. */
  readonly protocol?: string;
}

export interface OffloadFact {
  readonly ifindex: number;
  /** Names of the features that are on, as ethtool has them: `large-receive-offload` is `rx-lro`. */
  readonly active: readonly string[];
}

/** What could not be examined, and why. */
export interface BlindSpot {
  readonly what: string;
  readonly cause: string;
}

export interface DirectorFacts extends HostFacts {
  readonly role: 'director';
  readonly datapath: DatapathFacts;
  readonly services: readonly ServiceFact[];
  readonly paths: readonly PathFact[];
  readonly connects: readonly ConnectFact[];
  /** Other hosts that hold a VIP or a RIP, by ARP. */
  readonly holders: readonly HolderFact[];
  readonly handovers: readonly HandoverFact[];
  readonly offloads: readonly OffloadFact[];
  readonly filters: readonly FilterRule[];
  readonly blind: readonly BlindSpot[];
}

export type ServerMethod = 'dr' | 'nat';

export interface RealServerFacts extends HostFacts {
  readonly role: 'rs';
  readonly method: ServerMethod;
  readonly vips: readonly Address[];
  /** The director's own address, where the operator told it. */
  readonly dip?: Address;
  /** Who answers for the VIPs and for the gateways on the wire. */
  readonly holders: readonly HolderFact[];
  readonly blind: readonly BlindSpot[];
}

/** A host that runs VRRP and neither balances nor serves. */
export interface VrrpNodeFacts extends HostFacts {
  readonly role: 'vrrp';
}

export type Facts = DirectorFacts | RealServerFacts | VrrpNodeFacts;
