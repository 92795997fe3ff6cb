// A host's packet filter, independent of the tool: chains of rules.
import { type Address, isMulticast } from '../../model/address.js';
import { IpProtocol } from '../../model/ip-protocol.js';
import { contains } from '../../model/subnet.js';
import type { MarkWrite } from './marks.js';

/** The packet that is evaluated: an advert of VRRP, a packet of a connection that a client opens, one of neighbour discovery,
 * or a tunnel's. */
export interface PacketProbe {
  /** `through`: forwarded by the kernel; the chains of that hook alone are evaluated. */
  readonly direction: 'in' | 'out' | 'through';
  /** By which it comes in, or leaves. */
  readonly interfaceName: string;
  /** Of what goes through: by which it leaves. */
  readonly leavesBy?: string;
  readonly source: Address;
  readonly destination: Address;
  /** As nft writes it. */
  readonly protocol: 'vrrp' | 'ah' | 'tcp' | 'udp' | 'sctp' | 'icmpv6' | 'ipip' | 'ipv6' | 'gre';
  /** Of ICMPv6, as nft writes it. */
  readonly icmpType?: keyof typeof DISCOVERY_TYPES;
  /** Absent: not known. */
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  /** Which packet of its connection; absent: the one that opens it. An advert has no reply, so each one opens. */
  readonly part?: 'opening' | 'answer' | 'later';
  /** The client's address (the source of what comes in, the destination of what goes out) is not known: any. */
  readonly anyClient?: boolean;
  /** The destination is not known. */
  readonly anyDestination?: boolean;
  /**
   * It stands for all packets that may begin a connection, now and later: the flags of TCP are not known, nor headers in front of TCP's, nor what
   * named sets and maps will contain.
   */
  readonly anyOpening?: boolean;
  /** A rule may keep it from connection tracking: its state is not known. */
  readonly mayBeUntracked?: boolean;
}

/** The interface by which the packet comes in; undefined: it is of this host. */
export const interfaceIn = ({ direction, interfaceName }: PacketProbe): string | undefined =>
  direction === 'out' ? undefined : interfaceName;
/** The one by which it leaves; undefined: it stays. */
export const interfaceOut = ({ direction, interfaceName, leavesBy }: PacketProbe): string | undefined =>
  direction === 'out' ? interfaceName : direction === 'in' ? undefined : leavesBy;

/** Of neighbour discovery, by their numbers (RFC 4861 §4). */
export const DISCOVERY_TYPES = { 'nd-neighbor-solicit': 135, 'nd-neighbor-advert': 136 } as const;

/** Conntrack's state of the packet: it does not look at neighbour discovery. Undefined: not known. */
export function stateOf({ part = 'opening', protocol, mayBeUntracked }: PacketProbe): 'new' | 'established' | 'untracked' | undefined {
  if (protocol === 'icmpv6') return 'untracked';
  if (mayBeUntracked === true) return undefined;
  return part === 'opening' ? 'new' : 'established';
}

/** The protocol, as rules name it. */
export const protocolWords = ({ protocol }: PacketProbe): readonly string[] => [
  protocol,
  String(IpProtocol[protocol]),
  ...(protocol === 'icmpv6' ? ['ipv6-icmp'] : []),
  // Debian's /etc/protocols has it by another name than others.
  ...(protocol === 'ipip' ? ['ipencap', 'ipv4'] : []),
];

/** Undefined: not known. */
export type Answer = boolean | undefined;

export const anyOf = (answers: readonly Answer[]): Answer =>
  answers.includes(true) ? true : answers.includes(undefined) ? undefined : false;
export const allOf = (answers: readonly Answer[]): Answer =>
  answers.includes(false) ? false : answers.includes(undefined) ? undefined : true;

/** Where a rule sends packets instead. `address` absent: this host (REDIRECT), or the same (TPROXY); `port` absent: the same. */
export interface Translation {
  readonly how: 'redirect' | 'dnat' | 'tproxy';
  readonly address?: Address;
  readonly port?: number;
}

/**
 * `skip`: the rule does not match, has no effect, or drops only some of the packets; `unknown`: it may match. `maybe`: what it may do with what it
 * may match; `unknown` without it: anything, it may drop packets, too.
 */
export type Decision =
  | { readonly kind: 'skip' | 'unknown'; readonly maybe?: readonly Decision[] }
  | { readonly kind: 'accept' | 'drop' | 'return' }
  | { readonly kind: 'jump' | 'goto'; readonly target: string }
  | { readonly kind: 'translate'; readonly to: Translation };

/** The decision of a rule by whether its conditions hold. A rule that drops what may match does not drop all. */
export function decided(matched: Answer, decision: Decision): Decision {
  if (matched === false) return { kind: 'skip' };
  return matched === true || decision.kind === 'skip' || decision.kind === 'unknown' ? decision : oneOfMany([decision]);
}

/** One of these is decided, or none. */
export const oneOfMany = (decisions: readonly Decision[]): Decision => ({
  kind: decisions.every(({ kind }) => kind === 'drop' || kind === 'skip') ? 'skip' : 'unknown',
  ...(decisions.length === 0 ? {} : { maybe: decisions }),
});

export interface Prefix {
  readonly address: Address;
  readonly prefixLength: number;
}

/** From and to included. */
export interface PortRange {
  readonly from: number;
  readonly to: number;
}

/** The destinations and ports that a rule names, whatever else it looks at. */
export interface Aim {
  /** IPv4 prefixes of the destination that the rule matches; empty: any. */
  readonly destinations: readonly Prefix[];
  /** Destination ports; empty: any. */
  readonly ports: readonly PortRange[];
  /** `tcp`, `udp` …; absent: any. */
  readonly protocol?: string;
}

export type RuleVerdict = 'drop' | 'reject' | 'accept' | 'nat' | 'other';

/** How a rule marks: which packets, and what it writes into their marks and their connections', in its order. */
export interface Marking {
  readonly matches: (probe: PacketProbe) => Answer;
  readonly writes: readonly MarkWrite[];
}

export interface Rule {
  /** As its tool writes it. */
  readonly text: string;
  readonly verdict: RuleVerdict;
  /** Absent for rules that set marks or negate what they name. */
  readonly aim?: Aim;
  readonly decide: (probe: PacketProbe) => Decision;
  /** Absent: it sets no mark. */
  readonly marking?: Marking;
  /** Which packets it keeps from connection tracking; absent: none. */
  readonly untracks?: (probe: PacketProbe) => Answer;
}

/** The tool that shows and changes the rules. */
export type FilterTool = 'nft' | 'iptables' | 'iptables-legacy' | 'ip6tables' | 'ip6tables-legacy';

export interface Chain {
  readonly tool: FilterTool;
  /** As nft has it: `ip`, `ip6`, `inet`, `netdev` … */
  readonly family: string;
  readonly table: string;
  readonly name: string;
  /** Of a base chain: `input`, `prerouting` …; else empty. */
  readonly hook: string;
  /** Of netdev's chains; else empty. */
  readonly interfaceName: string;
  readonly policy: 'accept' | 'drop';
  /** Of a base chain: lower ones are passed first. */
  readonly priority: number;
  /** Passed by the first packet of a connection only. */
  readonly translates: boolean;
  readonly rules: readonly Rule[];
}

/** Where a packet is dropped, or translated. `text`: the rule, or the policy. */
export interface Blocked {
  readonly tool: FilterTool;
  readonly family: string;
  readonly table: string;
  readonly chain: string;
  /** The base chain from which `chain` was reached. */
  readonly base: string;
  readonly text: string;
  readonly translates?: boolean;
  /** A program that writes this table, and overwrites changes by others. */
  readonly writer?: 'firewalld' | 'ufw';
}

/** The type of the destination address on this host, as nft's fib and iptables' addrtype name it; undefined: not known. */
export function destinationType({ direction, destination, anyDestination }: PacketProbe): 'multicast' | 'local' | 'unicast' | undefined {
  if (anyDestination === true) return undefined;
  return isMulticast(destination) ? 'multicast' : direction === 'in' ? 'local' : 'unicast';
}

/** Whether one end of the packet is in this network. */
export function isEndIn(
  probe: PacketProbe,
  end: 'source' | 'destination',
  network: { readonly address: Address; readonly prefixLength: number },
): Answer {
  const isClient = probe.anyClient === true && (end === 'source') === (probe.direction !== 'out');
  const isKnown = !isClient && !(probe.anyDestination === true && end === 'destination');
  if (isKnown) return contains(network, probe[end]);
  return network.address.family !== probe[end].family ? false : network.prefixLength === 0 ? true : undefined;
}

/** Whether a port of the packet is in this range; undefined: the port is not known. */
export function isPortIn(probe: PacketProbe, end: 'source' | 'destination', from: number, to: number): Answer {
  const port = end === 'source' ? probe.sourcePort : probe.destinationPort;
  return port === undefined ? (from === 0 && to === 65_535 ? true : undefined) : from <= port && port <= to;
}

/** Whether an interface's name is the pattern, or has it as a prefix where the pattern ends in `wildcard`. */
export function namesInterface(pattern: string, interfaceName: string, wildcard: '*' | '+'): boolean {
  return pattern.endsWith(wildcard) ? interfaceName.startsWith(pattern.slice(0, -1)) : pattern === interfaceName;
}
