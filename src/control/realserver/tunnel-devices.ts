// The devices by which a real server takes what a director's tunnel brings (VS/TUN), and the UDP ports of GUE.
//
//     outer packet of   ipip, and what GUE leaves: inner IPv4, inner IPv6   GRE
//     IPv4              ipip               sit                             gre
//     IPv6              ip6tnl             ip6tnl                          ip6gre
//
// Without a director's address a device takes packets of all: by `external` (the kernel's collect_md), of which a namespace has one of a kind.
// sit has no such mode: the module's own device sit0 takes what no other one is for.
import type { Address, Family } from '../../model/address.js';
import { formatAddress } from '../../model/address-text.js';
import { sameAddress } from '../../model/identity.js';
import type { TunnelLinkKind } from '../../wire/rtnetlink-tunnel.js';

export type TunnelKind = TunnelLinkKind;
export type TunnelType = 'ipip' | 'gre' | 'gue';

/** `remote`: the only director whose packets it takes. */
export interface TunnelDevice {
  readonly name: string;
  readonly kind: TunnelKind;
  readonly remote?: Address;
  /** GRE: it takes packets with a checksum alone; else those without one alone. */
  readonly checksum: boolean;
}

/** Of GUE; `family`: of the outer packet. */
export interface TunnelPort {
  readonly family: Family;
  readonly port: number;
}

/** What the director's `-i` with its options asks of this host. */
export interface TunnelWish {
  readonly type: TunnelType;
  /** Of GUE. */
  readonly port?: number;
  readonly checksum: boolean;
  /** Families of the outer packets. */
  readonly outer: readonly Family[];
  /** Empty: all. */
  readonly directors: readonly Address[];
}

const INNER: Readonly<Record<TunnelKind, readonly Family[]>> = {
  ipip: ['inet'],
  sit: ['inet6'],
  ip6tnl: ['inet', 'inet6'],
  gre: ['inet', 'inet6'],
  ip6gre: ['inet', 'inet6'],
};

/** Whether packets for addresses of this family come out of such a device. */
export const carries = (kind: TunnelKind, { family }: Pick<Address, 'family'>): boolean => INNER[kind].includes(family);

/** Of the outer packets. */
export const outerFamily = (kind: TunnelKind): Family => (kind === 'ip6tnl' || kind === 'ip6gre' ? 'inet6' : 'inet');

const SHORT: Readonly<Record<TunnelKind, string>> = { ipip: 'ipip', sit: 'sit', ip6tnl: 'ip6', gre: 'gre', ip6gre: 'gre6' };

/** The device that the module itself makes. */
const SIT_DEVICE = 'sit0';

function kindsOf({ type }: TunnelWish, outer: Family, vips: readonly Address[]): readonly TunnelKind[] {
  if (type === 'gre') return [outer === 'inet' ? 'gre' : 'ip6gre'];
  if (outer === 'inet6') return ['ip6tnl'];
  return (['ipip', 'sit'] as const).filter((kind) => vips.some((vip) => carries(kind, vip)));
}

/** The last 16 bits of the director's address: the others of the same kind differ by them, or get the next number. */
function numbered(kind: TunnelKind, directors: readonly Address[]): readonly { readonly remote: Address; readonly name: string }[] {
  const taken = new Set<number>();
  const sorted = [...directors].sort((one, other) => (formatAddress(one) < formatAddress(other) ? -1 : 1));
  return sorted.map((remote) => {
    let number = (remote.words.at(-1) ?? 0) & 0xffff;
    while (taken.has(number)) number = (number + 1) & 0xffff;
    taken.add(number);
    return { remote, name: `weir-${SHORT[kind]}-${number.toString(16).padStart(4, '0')}` };
  });
}

/** Every device that the wish needs for these VIPs. */
export function tunnelDevices(wish: TunnelWish, vips: readonly Address[]): readonly TunnelDevice[] {
  const { checksum, directors } = wish;
  return wish.outer.flatMap((outer) =>
    kindsOf(wish, outer, vips).flatMap((kind): readonly TunnelDevice[] => {
      if (directors.length === 0) return [{ name: kind === 'sit' ? SIT_DEVICE : `weir-${SHORT[kind]}`, kind, checksum }];
      const own = directors.filter(({ family }) => family === outer);
      return numbered(kind, own).map(({ name, remote }) => ({ name, kind, remote, checksum }));
    }),
  );
}

/** The ports that it needs open. */
export const tunnelPorts = ({ type, port, outer }: TunnelWish): readonly TunnelPort[] =>
  type === 'gue' && port !== undefined ? outer.map((family) => ({ family, port })) : [];

export const samePort = (one: TunnelPort, other: TunnelPort): boolean => one.family === other.family && one.port === other.port;

/** Whether both take the same packets. */
export const sameTunnel = (one: Omit<TunnelDevice, 'name'>, other: Omit<TunnelDevice, 'name'>): boolean =>
  one.kind === other.kind &&
  one.checksum === other.checksum &&
  (one.remote === undefined || other.remote === undefined ? one.remote === other.remote : sameAddress(one.remote, other.remote));

/** `up`, and which directors it accepts, in a few words. */
export const acceptsText = ({ remote }: Pick<TunnelDevice, 'remote'>): string =>
  remote === undefined ? 'of any director' : `of ${formatAddress(remote)}`;
