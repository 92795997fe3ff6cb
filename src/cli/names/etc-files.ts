// The text of /etc/hosts, /etc/services and /etc/resolv.conf as tables.
import type { Address } from '../../model/address.js';
import { parseAddress } from '../../model/address-text.js';
import { addressId } from '../../model/identity.js';

function* fieldsOf(text: string): Generator<string[]> {
  for (const line of text.split('\n')) {
    const fields = line.replace(/#.*/, '').trim().split(/\s+/);
    if (fields.length > 1) yield fields;
  }
}

export interface HostTable {
  /** Canonical name by `addressId`. */
  readonly names: ReadonlyMap<string, string>;
  /** IPv4 address by name or alias, in lower case. */
  readonly addresses: ReadonlyMap<string, Address>;
}

/** /etc/hosts; the first line with an entry counts. */
export function parseHosts(text: string): HostTable {
  const names = new Map<string, string>();
  const addresses = new Map<string, Address>();
  for (const [first = '', ...aliases] of fieldsOf(text)) {
    const address = parseAddress(first);
    const name = aliases[0];
    if (address === undefined || name === undefined) continue;
    if (!names.has(addressId(address))) names.set(addressId(address), name);
    if (address.family !== 'inet') continue;
    for (const alias of aliases) {
      if (!addresses.has(alias.toLowerCase())) addresses.set(alias.toLowerCase(), address);
    }
  }
  return { names, addresses };
}

export interface PortTable {
  /** By `name/protocol`, aliases too. */
  readonly ports: ReadonlyMap<string, number>;
  /** By `port/protocol`. */
  readonly names: ReadonlyMap<string, string>;
}

/** /etc/services; the first line with an entry counts. */
export function parseServices(text: string): PortTable {
  const ports = new Map<string, number>();
  const names = new Map<string, string>();
  for (const [name = '', second = '', ...aliases] of fieldsOf(text)) {
    const match = /^(\d+)\/(\w+)$/.exec(second);
    const [port, protocol] = [Number(match?.[1]), match?.[2]];
    if (protocol === undefined) continue;
    if (!names.has(`${port}/${protocol}`)) names.set(`${port}/${protocol}`, name);
    for (const alias of [name, ...aliases]) {
      if (!ports.has(`${alias}/${protocol}`)) ports.set(`${alias}/${protocol}`, port);
    }
  }
  return { ports, names };
}

/** The domains that /etc/resolv.conf has names looked up in; the last `search` or `domain` line counts. */
export function parseSearchList(text: string): readonly string[] {
  let list: readonly string[] = [];
  for (const [keyword, ...rest] of fieldsOf(text)) {
    if (keyword === 'search' || keyword === 'domain') list = rest;
  }
  return list;
}
