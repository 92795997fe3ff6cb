// Numbers that iproute2 knows by name (rt_tables, rt_protos, rt_scopes, rt_dsfield, rt_realms, group, /etc/protocols).

export type NamedNumber = 'table' | 'protocol' | 'scope' | 'dsfield' | 'realm' | 'group' | 'ipProtocol';

/** Finds the number for a name on the host; the reader of the files provides it. */
export type NumberNames = (kind: NamedNumber, name: string) => number | undefined;

/** Where the files are (iproute_usr_dir, iproute_etc_dir): first the distribution's, then the administrator's, whose names win. */
export interface NameFolders {
  readonly usr?: string;
  readonly etc?: string;
}

/** RTPROT_KEEPALIVED (linux/rtnetlink.h). */
export const PROTOCOL_KEEPALIVED = 18;

/** The names that every host knows, so that a configuration reads the same everywhere. */
const common: Record<NamedNumber, ReadonlyMap<string, number>> = {
  table: new Map([
    ['default', 253],
    ['main', 254],
    ['local', 255],
  ]),
  protocol: new Map([
    ['redirect', 1],
    ['kernel', 2],
    ['boot', 3],
    ['static', 4],
    ['ra', 9],
    ['dhcp', 16],
    ['keepalived', PROTOCOL_KEEPALIVED],
  ]),
  scope: new Map([
    ['global', 0],
    ['site', 200],
    ['link', 253],
    ['host', 254],
    ['nowhere', 255],
  ]),
  dsfield: new Map(),
  realm: new Map([['cosmos', 0]]),
  group: new Map([['default', 0]]),
  ipProtocol: new Map([
    ['icmp', 1],
    ['tcp', 6],
    ['udp', 17],
    ['gre', 47],
    ['esp', 50],
    ['ah', 51],
    ['ipv6-icmp', 58],
    ['icmpv6', 58],
    ['ospf', 89],
    ['vrrp', 112],
    ['sctp', 132],
    ['udplite', 136],
  ]),
};

/** A number in C's notation (010 octal, 0x hexadecimal), as iproute2 reads it; undefined: no number, or above `max`. */
export function readCNumber(text: string, max: number): number | undefined {
  const value = /^(?:0x[0-9a-f]+|[1-9]\d*)$/i.test(text) ? Number(text) : /^0[0-7]*$/.test(text) ? Number.parseInt(text, 8) : Number.NaN;
  return value <= max ? value : undefined;
}

/** The number for a name, or the number itself up to `max`. */
export function readNamed(names: NumberNames, kind: NamedNumber, text: string, max: number): number | undefined {
  return readCNumber(text, max) ?? names(kind, text) ?? common[kind].get(text);
}

/** `realms [FROM/]TO`, each a number or a name, as the kernel's 16+16 bits. */
export function readRealms(text: string, names: NumberNames): number | undefined {
  const parts = text.split('/').map((part) => readNamed(names, 'realm', part, 0xffff));
  if (parts.length > 2 || parts.includes(undefined)) return undefined;
  const [first = 0, second] = parts;
  return second === undefined ? first : first * 0x10000 + second;
}

/** A host that adds no names. */
export const NO_NAMES: NumberNames = () => undefined;
