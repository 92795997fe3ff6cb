// A host's packet filter, independent of the tool: chains of rules.
import type { Address } from '../../model/address.js';

/** The packet that is evaluated, as VRRP sends it. */
export interface PacketProbe {
  readonly direction: 'in' | 'out';
  readonly interfaceName: string;
  readonly source: Address;
  readonly destination: Address;
  /** As nft writes it: `vrrp`, `ah`. */
  readonly protocol: 'vrrp' | 'ah';
}

export const PROTOCOL_NUMBERS = { vrrp: 112, ah: 51 } as const;

/** Undefined: not known. */
export type Answer = boolean | undefined;

export const anyOf = (answers: readonly Answer[]): Answer =>
  answers.includes(true) ? true : answers.includes(undefined) ? undefined : false;
export const allOf = (answers: readonly Answer[]): Answer =>
  answers.includes(false) ? false : answers.includes(undefined) ? undefined : true;

/** `skip`: the rule does not match, or has no effect; `unknown`: it may match. */
export type Decision =
  | { readonly kind: 'skip' | 'unknown' | 'accept' | 'drop' | 'return' }
  | { readonly kind: 'jump' | 'goto'; readonly target: string };

export interface Rule {
  /** As its tool writes it. */
  readonly text: string;
  readonly decide: (probe: PacketProbe) => Decision;
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
  readonly rules: readonly Rule[];
}

/** Where a packet is dropped. `text`: the rule, or the policy. */
export interface Blocked {
  readonly tool: FilterTool;
  readonly family: string;
  readonly table: string;
  readonly chain: string;
  /** The base chain from which `chain` was reached. */
  readonly base: string;
  readonly text: string;
  /** A program that writes this table, and overwrites changes by others. */
  readonly writer?: 'firewalld' | 'ufw';
}

export const isMulticast = ({ family, words }: Address): boolean =>
  family === 'inet' ? (words[0] ?? 0) >>> 28 === 14 : (words[0] ?? 0) >>> 24 === 0xff;

/** The type of the destination address on this host, as nft's fib and iptables' addrtype name it. */
export function destinationType({ direction, destination }: PacketProbe): 'multicast' | 'local' | 'unicast' {
  return isMulticast(destination) ? 'multicast' : direction === 'in' ? 'local' : 'unicast';
}

/** Whether an interface's name is the pattern, or has it as a prefix where the pattern ends in `wildcard`. */
export function namesInterface(pattern: string, interfaceName: string, wildcard: '*' | '+'): boolean {
  return pattern.endsWith(wildcard) ? interfaceName.startsWith(pattern.slice(0, -1)) : pattern === interfaceName;
}
