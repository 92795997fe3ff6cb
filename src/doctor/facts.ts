// The facts that doctor's rules use: everything that was read or tested, without any conclusion.

import type { NotApplied } from '../control/plan/not-applied.js';
import type { ArpRule } from '../control/realserver/arp-rules.js';
import type { TunnelDevice, TunnelPort } from '../control/realserver/tunnel-devices.js';
import type { FirewallMode } from '../datapath/director.js';
import type { ObservedDatapath, ProgramsOf } from '../datapath/ebpf/observe/observer.js';
import type { UnfinishedChange } from '../datapath/ebpf/observe/observing-reader.js';
import type { RepairDue } from '../datapath/ebpf/observe/repairs-due.js';
import type { SyncCounts } from '../host/sync/sync-counts.js';
import type { Address, Family } from '../model/address.js';
import type { ApiSilence } from '../model/api-settings.js';
import type { IpsecPolicy } from '../model/ipsec-policy.js';
import type { DestinationSpec, ServiceSpec } from '../model/service.js';
import type { DaemonSettings } from '../model/sync-daemon.js';
import type { TcAlone } from '../model/tc-alone.js';
import type { Mac } from '../wire/ethernet.js';
import type { Link } from '../wire/rtnetlink-link.js';
import type { ListeningSocket } from '../wire/sock-diag.js';
import type { CheckedServiceFact } from './checked-facts.js';
import type { DrainFact, EmptiedFact } from './drain-facts.js';
import type { FilterRule } from './packet-filter/aim.js';
import type { Blocked, Chain } from './packet-filter/model.js';
import type { EchoFact, HandoverFact, ProbeAnswer } from './probe-facts.js';
import type { ProxyFact } from './proxy-facts.js';
import type { StreamFact } from './stream-facts.js';
import type { SwitchFact, WantedSwitchFact } from './switch-facts.js';
import type { ConnectionFacts, DropFacts, FillFacts } from './table-facts.js';

export type { EchoFact, HandoverFact, ProbeAnswer };

export interface AddressFact {
  readonly ifindex: number;
  readonly address: Address;
  readonly prefixLength: number;
  readonly label?: string;
}

/** How this host reaches an address: the interface, and the router if there is one. */
export interface PathFact {
  readonly to: Address;
  /** `local`: it is an address of this host; `none`: there is no route, or one that refuses. */
  readonly kind: 'direct' | 'routed' | 'local' | 'none';
  /** The route's own, where it has one. */
  readonly mtu?: number;
  /** The type of the route that refuses. */
  readonly refusedBy?: 'blackhole' | 'unreachable' | 'prohibit';
  readonly ifindex?: number;
  readonly gateway?: Address;
  /** The address of this host that packets there have as their source. */
  readonly source?: Address;
  /** Too many addresses: this one was not asked for, so a missing ARP answer proves nothing. */
  readonly unasked?: boolean;
}

export interface DefaultRoute {
  readonly ifindex?: number;
  readonly gateway?: Address;
}

/** Another host that answered a question for an address, by ARP or as a neighbour. */
export interface HolderFact {
  readonly ifindex: number;
  readonly address: Address;
  readonly mac: Mac;
}

/** An address whose duplicate address detection `failed` is not used by the kernel, nor one where it is `under-way`. */
export interface Ipv6AddressFact extends AddressFact {
  readonly detection?: 'failed' | 'under-way';
}

/** Without link-local addresses, which no service has. */
export interface Ipv6Facts {
  readonly addresses: readonly Ipv6AddressFact[];
  readonly defaultRoutes: readonly DefaultRoute[];
}

/** Facts that every role has. */
export interface HostFacts {
  /** Without weir's own veth pair. */
  readonly interfaces: readonly Link[];
  /** IPv4; of the facts of a real server, of their family. */
  readonly addresses: readonly AddressFact[];
  readonly defaultRoutes: readonly DefaultRoute[];
  /** Absent: it was not looked at, since nothing here is of IPv6. */
  readonly ipv6?: Ipv6Facts;
  /** Sysctl values by path below /proc/sys. */
  readonly settings: ReadonlyMap<string, string>;
  /** Addresses of VRRP's instances: only the master has them, and VRRP's own rules judge where they are. Absent: no VRRP here. */
  readonly vrrp?: readonly VrrpAddress[];
}

/** An address that VRRP adds and removes, and the interface of its instance. */
export interface VrrpAddress {
  readonly address: Address;
  readonly ifindex: number;
  /** The keepalived.conf that has it. */
  readonly file: string;
}

export interface ServiceFact {
  readonly spec: ServiceSpec;
  readonly destinations: readonly DestinationSpec[];
  /** Ids of destinations that have as many connections as their upper threshold allows. */
  readonly overloaded?: ReadonlySet<string>;
  /** Of a firewall mark without persistence: the ports that clients of its connections asked for, in order. */
  readonly ports?: readonly number[];
}

/** One TCP connect to a real server. `error`: the errno's name, ETIMEDOUT included. */
export interface ConnectFact {
  readonly address: Address;
  readonly port: number;
  readonly error?: string;
  /** The ICMP error that ended it; absent: none was received, so ECONNREFUSED was a RST. */
  readonly icmp?: { readonly type: number; readonly code: number; readonly by: Address };
}

/** What became of a packet for an address of this host that a router was handed. `back`: the router sent it to this host. */
export interface ReflectionFact {
  readonly router: Address;
  readonly ifindex: number;
  readonly target: Address;
  /** `syn`: from port 20, which the director never schedules. */
  readonly kind: 'echo' | 'syn';
  readonly answer: 'back' | 'silent' | 'refused';
}

/** SYNs of others for an address of this host and a port that neither a service nor a process has, while doctor looked. */
export interface UnservedFact {
  readonly vip: Address;
  readonly port: number;
  readonly packets: number;
  /** Clients that sent them. */
  readonly clients: readonly Address[];
}

/** An entry of the kernel's neighbour table that packets are sent by. */
export interface NeighbourFact {
  readonly ifindex: number;
  readonly address: Address;
  readonly mac: Mac;
  /** Set by a person or a program: the kernel never corrects it. */
  readonly permanent: boolean;
}

/** A route that refuses what it matches. */
export interface RefusingRoute {
  readonly type: 'blackhole' | 'unreachable' | 'prohibit';
  readonly destination: { readonly address: Address; readonly prefixLength: number };
  readonly table: number;
}

/** `attached`: of `ingress`, `egress`, `xdp`. `ingressAlone`: its qdisc, of the kind `ingress`, has no place for the program of egress. */
export interface CoverageFact {
  readonly ifindex: number;
  readonly name: string;
  readonly attached: readonly string[];
  readonly ingressAlone?: true;
}

export interface DatapathFacts {
  readonly loaded: boolean;
  /** The interfaces that the datapath can attach to. */
  readonly interfaces: readonly CoverageFact[];
  /** Loading or unloading was interrupted: there are pins, and no table. */
  readonly unfinished?: true;
  /** The tables are another build's, by its name: nothing in them can be read, and no service is known. */
  readonly otherTables?: Pick<Extract<ObservedDatapath, { kind: 'other-tables' }>, 'maps' | 'layout'> & { readonly build: string };
  /** Whose programs run; absent: not known. */
  readonly programs?: ProgramsOf;
  /** What `weir load` would repair. */
  readonly repairs?: readonly RepairDue[];
  /** Interfaces whose record finds no place in the datapath's table, by name. */
  readonly unrecorded?: readonly string[];
  /** What goes by tc alone, though XDP is wanted for it. */
  readonly tcAlone?: readonly TcAlone[];
  readonly switched?: SwitchFact;
  /** New connections pass the host's packet filter before they are balanced. */
  readonly firewall?: boolean;
  /** What chose it. */
  readonly firewallMode?: FirewallMode;
  /** A change of the table has begun and not ended. */
  readonly change?: UnfinishedChange;
}

/** Where the packet filter would drop a client's first packet to a service, if it saw it. */
export interface FilterDenial {
  readonly service: ServiceSpec;
  readonly by: Blocked;
}

/** Where the packet filter drops what has a firewall mark on its way to weir's device. */
export interface MarkDenial {
  readonly family: Family;
  /** By which it comes in. */
  readonly interfaceName: string;
  /** The name of that device. */
  readonly leavesBy: string;
  readonly by: Blocked;
}

/**
 * Where the packet filter drops packets of a real server on this host. `request`: what clients send, as it is once its destination is the
 * server's; `answer`: what the server sends; `own`: doctor's connect, in either direction.
 */
export interface LocalDenial {
  readonly address: Address;
  readonly port: number;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly of: 'request' | 'answer' | 'own';
  readonly by: Blocked;
}

/** How this host sends to one client, from the VIP where it is here. `seen`: in the connection table; else one of the Internet. */
export interface ClientFact {
  readonly client: Address;
  readonly vip: Address;
  readonly path: PathFact;
  readonly seen: boolean;
}

export interface OffloadFact {
  readonly ifindex: number;
  /** Names of the features that are on, as ethtool has them: `large-receive-offload` is `rx-lro`. */
  readonly active: readonly string[];
}

/** What could not be examined, and why. */
export interface NotExamined {
  readonly what: string;
  readonly cause: string;
}

export interface DirectorFacts extends HostFacts {
  readonly role: 'director';
  readonly datapath: DatapathFacts;
  readonly services: readonly ServiceFact[];
  readonly paths: readonly PathFact[];
  readonly connects: readonly ConnectFact[];
  /** Absent: the kernel does not list them. */
  readonly sockets?: readonly SocketFact[];
  /** Other hosts that answer ARP for a VIP, a RIP, a gateway or an address of this host. */
  readonly holders: readonly HolderFact[];
  /** Servers and gateways that did not answer an ordinary ARP request either. */
  readonly silent: readonly { readonly ifindex: number; readonly address: Address }[];
  readonly neighbours: readonly NeighbourFact[];
  readonly reflections: readonly ReflectionFact[];
  readonly unserved: readonly UnservedFact[];
  readonly refusingRoutes: readonly RefusingRoute[];
  readonly handovers: readonly HandoverFact[];
  /** Local addresses of FULLNAT that are not this host's: it may be routed to it all the same. */
  readonly absentLocals: readonly Address[];
  readonly echoes: readonly EchoFact[];
  readonly clients: readonly ClientFact[];
  readonly connections: ConnectionFacts;
  /** Absent: there is no table, or its programs take no snapshots of what they drop. */
  readonly drops?: DropFacts;
  readonly fill?: FillFacts;
  /** Drains that have not ended. */
  readonly drains?: readonly DrainFact[];
  readonly emptied?: readonly EmptiedFact[];
  readonly offloads: readonly OffloadFact[];
  /** Rules that name a destination. */
  readonly filters: readonly FilterRule[];
  readonly denials: readonly FilterDenial[];
  /** Rules that may give what is for a service the mark of another one. */
  readonly markings?: readonly FilterDenial[];
  readonly markDenials: readonly MarkDenial[];
  readonly localDenials: readonly LocalDenial[];
  /** Where OUTPUT drops what the packet filter has accepted, on its way back to the datapath. */
  readonly returnDenials?: readonly Blocked[];
  /** Where the packet filter drops any client's new connections, which pass it. */
  readonly arrivalDenials?: readonly FilterDenial[];
  /** For packets that leave. */
  readonly ipsecPolicies: readonly IpsecPolicy[];
  readonly arpRules: readonly ArpRule[];
  readonly syncDaemons: readonly SyncDaemonFact[];
  /** weir's own stream; absent: neither is it configured, nor does its process run. */
  readonly stream?: StreamFact;
  readonly apiSilences?: readonly ApiSilence[];
  readonly proxies?: readonly ProxyFact[];
  /** Absent: no weir.yaml of this host asks for content switching. */
  readonly wantedSwitch?: WantedSwitchFact;
  /** Absent: all of what daemons run with is there. */
  readonly notApplied?: readonly NotApplied[];
  /** By `serviceId`: those whose servers a daemon of weir checks. */
  readonly checked?: ReadonlyMap<string, CheckedServiceFact>;
  readonly notExamined: readonly NotExamined[];
}

/** A synchronisation daemon that was started, and not stopped. */
export interface SyncDaemonFact {
  readonly settings: DaemonSettings;
  /** False: its process has ended all the same. */
  readonly isRunning: boolean;
  readonly counts: SyncCounts;
  /** Of a backup: since its last message, or since it began. */
  readonly silentSeconds?: number;
}

export type ServerMethod = 'dr' | 'nat' | 'tun' | 'fullnat';

/** A service's port, of the VIP (VS/DR, VS/TUN) or of this host (VS/NAT, FULLNAT). */
export interface ServicePort {
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
}

export interface SocketFact extends ListeningSocket {
  readonly protocol: 'tcp' | 'udp';
}

/** A router of a default route. */
export interface GatewayFact {
  readonly address: Address;
  readonly ifindex: number;
  /** Who answers for it; absent: no host does. */
  readonly mac?: Mac;
  /** What a permanent neighbour entry has instead of an answer. */
  readonly fixedMac?: Mac;
  /** The interface has no ARP, so nothing was asked. */
  readonly unasked: boolean;
}

/** How an answer would go: to a client beyond the gateway, under FULLNAT to the director's address. */
export interface WayBack {
  /** The answer's source; absent: any address of this host. */
  readonly from?: Address;
  readonly path: PathFact;
}

export interface RealServerFacts extends HostFacts {
  readonly role: 'rs';
  /** Of all addresses and routes among these facts. */
  readonly family: Family;
  /** The facts of IPv6, where it serves both families. */
  readonly other?: RealServerFacts;
  readonly method: ServerMethod;
  /** The method was given, or something on this host shows it. */
  readonly methodCertain: boolean;
  readonly vips: readonly Address[];
  /** VIPs whose packets the kernel delivers here, on whatever interface, or without one (a local route). */
  readonly localVips: readonly Address[];
  /** Empty: not given. */
  readonly ports: readonly ServicePort[];
  readonly gateways: readonly GatewayFact[];
  readonly waysBack: readonly WayBack[];
  /** Absent: the kernel does not list them. */
  readonly sockets?: readonly SocketFact[];
  readonly chains: readonly Chain[];
  readonly arpRules: readonly ArpRule[];
  readonly refusingRoutes: readonly RefusingRoute[];
  /** Routes through a router to networks other than all. */
  readonly otherRouters: boolean;
  /** Which of `nft`, `iptables` and `ip6tables` are installed. */
  readonly tools: readonly string[];
  /** The director's own address, where the operator gave it; of FULLNAT its local address. */
  readonly dip?: Address;
  /** Other hosts that answer for the VIPs, the gateways and addresses of this host. */
  readonly holders: readonly HolderFact[];
  /** To its gateways. */
  readonly echoes: readonly EchoFact[];
  /** Devices and ports by which it takes tunnels. */
  readonly tunnels: TunnelFacts;
  readonly notExamined: readonly NotExamined[];
}

export interface TunnelFacts {
  /** UDP ports at which the kernel takes GUE. */
  readonly guePorts: readonly TunnelPort[];
  /** What `weir realserver start --mode tun` remembers here: VIPs that come by tunnels, its devices and its ports. */
  readonly vips: readonly Address[];
  readonly devices: readonly TunnelDevice[];
  readonly ports: readonly TunnelPort[];
  /** Addresses of this host, of both families, by which a director may know it. */
  readonly rips: readonly Address[];
}

/** A host that runs VRRP and neither balances nor serves. */
export interface VrrpNodeFacts extends HostFacts {
  readonly role: 'vrrp';
  /** Of its keepalived.conf. */
  readonly instances: number;
}

export type Facts = DirectorFacts | RealServerFacts | VrrpNodeFacts;
