// A host's packet filter, whoever keeps it: chains of rules, each of which decides about one kind of packet.
import type { Address } from '../../model/address.js';

/** The packet that is asked about, as VRRP sends it. */
export interface PacketProbe {
  readonly way: 'in' | 'out';
  readonly device: string;
  readonly source: Address;
  readonly destination: Address;
  /** As nft writes it: `vrrp`, `ah`. */
  readonly protocol: 'vrrp' | 'ah';
}

export const PROTOCOL_NUMBERS = { vrrp: 112, ah: 51 } as const;

/** Undefined: it cannot be told. */
export type Answer = boolean | undefined;

export const anyOf = (answers: readonly Answer[]): Answer =>
  answers.includes(true) ? true : answers.includes(undefined) ? undefined : false;
export const allOf = (answers: readonly Answer[]): Answer =>
  answers.includes(false) ? false : answers.includes(undefined) ? undefined : true;

/** `skip`: the rule does not match, or changes nothing; `unknown`: it may be this one that decides. */
export type Decision =
  | { readonly kind: 'skip' | 'unknown' | 'accept' | 'drop' | 'return' }
  | { readonly kind: 'jump' | 'goto'; readonly target: string };

export interface Rule {
  /** In its tool's words. */
  readonly text: string;
  readonly decide: (probe: PacketProbe) => Decision;
}

/** Who is to be asked to change it. */
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
  readonly device: string;
  readonly policy: 'accept' | 'drop';
  readonly rules: readonly Rule[];
}

/** Where a packet's way ends. `text`: the rule, or the policy. */
export interface Blocked {
  readonly tool: FilterTool;
  readonly family: string;
  readonly table: string;
  readonly chain: string;
  /** The base chain from which `chain` was reached. */
  readonly base: string;
  readonly text: string;
  /** A program that writes this table and would write it again. */
  readonly keeper?: 'firewalld' | 'ufw';
}

export const isMulticast = ({ family, words }: Address): boolean =>
  family === 'inet' ? (words[0] ?? 0) >>> 28 === 14 : (words[0] ?? 0) >>> 24 === 0xff;

/** What kind of address the destination is to the host that decides, in nft's words and in those of iptables' addrtype. */
export function destinationType({ way, destination }: PacketProbe): 'multicast' | 'local' | 'unicast' {
  return isMulticast(destination) ? 'multicast' : way === 'in' ? 'local' : 'unicast';
}

/** Whether an interface's name is this one, or begins as the pattern does where that ends in `wildcard`. */
export function namesDevice(pattern: string, device: string, wildcard: '*' | '+'): boolean {
  return pattern.endsWith(wildcard) ? device.startsWith(pattern.slice(0, -1)) : pattern === device;
}
