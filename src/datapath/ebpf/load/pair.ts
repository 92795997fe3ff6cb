// The weir pair: a veth of weir's own in the namespace. The FIB is asked as if packets came in by weir0, which forwards even
// where ip_forward is 0 (DR needs no forwarding). Answers to clients on the director itself come in by lo, which must accept the
// director's own addresses as sources: only lo does so under any rp_filter.

import { WeirError } from '../../../model/errors/weir-error.js';
import { readSetting, writeSetting } from '../../../sys/files/sysctl.js';
import type { Netlink } from '../../../sys/netlink/netlink.js';
import { concat } from '../../../wire/bytes.js';
import { encodeAttributes, NetlinkFlag, type NetlinkRequest, nested, textAttribute } from '../../../wire/netlink.js';
import { RouteMessage } from '../../../wire/rtnetlink.js';
import { changeLink, decodeLink, deleteLink, dumpLinks, encodeLinkChange, type Link, LinkFlag } from '../../../wire/rtnetlink-link.js';
import type { ReportChange } from './datapath-change.js';

export const PAIR = { near: 'weir0', far: 'weir1' } as const;
const VETH_PEER = 1;
/** Of the far end; as in bpf/director/send.h. */
export const FAR_MAC = '02:77:65:69:72:01';

function addPair(): NetlinkRequest {
  const peer = { type: VETH_PEER, payload: encodeLinkChange({ name: PAIR.far, mac: FAR_MAC }) };
  const info = nested(18, [textAttribute(1, 'veth'), nested(2, [peer])]);
  const payload = concat(encodeLinkChange({ name: PAIR.near }), encodeAttributes([info]));
  return { type: RouteMessage.newLink, flags: NetlinkFlag.create | NetlinkFlag.exclusive, payload };
}

/** A sysctl that the pair, or lo for its sake, must have. `path`: below /proc/sys. */
export interface PairSetting {
  readonly path: string;
  readonly value: string;
}

const of = (name: string, settings: Readonly<Record<string, string>>): readonly PairSetting[] =>
  Object.entries(settings).map(([key, value]) => ({ path: `net/${key.replace('IF', name)}`, value }));
const ENDS = [PAIR.near, PAIR.far] as const;
/** With IPv6, for firewall marks of it, an end has no address either. */
const ipv6Of = (name: string, ipv6: boolean): readonly PairSetting[] =>
  of(name, ipv6 ? { 'ipv6/conf/IF/addr_gen_mode': '1', 'ipv6/conf/IF/disable_ipv6': '0' } : { 'ipv6/conf/IF/disable_ipv6': '1' });

/**
 * Of the near end: a policy of IPsec is not for packets that a mark leads there, which are to be balanced first. Of the far end: by it come
 * packets of all clients, those on the director included. rp_filter lets them in as `loose`, whatever that of all interfaces is, since the larger
 * one counts; and as the interface has an address (mark-path.ts).
 */
const OF_END = {
  [PAIR.near]: { 'ipv4/conf/IF/rp_filter': '0', 'ipv4/conf/IF/disable_xfrm': '1' },
  [PAIR.far]: { 'ipv4/conf/IF/rp_filter': '2', 'ipv4/conf/IF/accept_local': '1' },
} as const;
/** While the interface is still down. */
const settingsBeforeUp = (name: (typeof ENDS)[number], ipv6: boolean): readonly PairSetting[] => [
  ...ipv6Of(name, ipv6),
  ...of(name, { ...OF_END[name], 'ipv4/conf/IF/arp_ignore': '8' }),
];
const FORWARDING = of(PAIR.near, { 'ipv4/conf/IF/forwarding': '1' });
const ACCEPT_LOCAL = of('lo', { 'ipv4/conf/IF/accept_local': '1' });
/** `ipv6`: there are firewall marks of IPv6, or were. */
export const pairSettings = (ipv6: boolean): readonly PairSetting[] => [
  ...ENDS.flatMap((name) => settingsBeforeUp(name, ipv6)),
  ...FORWARDING,
  ...ACCEPT_LOCAL,
];

function settle(settings: readonly PairSetting[], report: ReportChange): void {
  for (const { path, value } of settings) {
    const from = readSetting(path);
    if (from === undefined || from === value) continue;
    writeSetting(path, value);
    report({ kind: 'sysctl', path, from, to: value });
  }
}

/** Lets a pair that is up carry IPv6, or no longer. */
export function setPairIpv6(ipv6: boolean): void {
  settle(
    ENDS.flatMap((name) => ipv6Of(name, ipv6)),
    () => {},
  );
}

export interface Pair {
  readonly near: Link | undefined;
  readonly far: Link | undefined;
}

/** The ends of the pair among the interfaces; undefined: it is not there under its name. */
export function pairOf(links: readonly Link[]): Pair {
  return { near: links.find(({ name }) => name === PAIR.near), far: links.find(({ name }) => name === PAIR.far) };
}

/** One end has its name and the other one not: nothing is attached or repaired before a person decides. */
export type PairFault =
  | { readonly kind: 'renamed'; readonly name: string; readonly now: string; readonly ifindex: number }
  | { readonly kind: 'broken'; readonly present: string; readonly missing: string };

/** What is wrong with the pair; undefined: nothing, or there is none. */
export function pairFault(links: readonly Link[]): PairFault | undefined {
  const { near, far } = pairOf(links);
  const present = near ?? far;
  if (present === undefined || (near !== undefined && far !== undefined)) return undefined;
  const name = near === undefined ? PAIR.near : PAIR.far;
  const other = present.peerNamespace === undefined ? links.find(({ ifindex }) => ifindex === present.lower) : undefined;
  if (present.kind !== 'veth' || other === undefined) return { kind: 'broken', present: present.name, missing: name };
  return { kind: 'renamed', name, now: other.name, ifindex: other.ifindex };
}

/** The host's own interfaces: without weir's, also where one of these was renamed. */
export function withoutPair(links: readonly Link[]): readonly Link[] {
  const fault = pairFault(links);
  const renamed = fault?.kind === 'renamed' ? fault.ifindex : undefined;
  return links.filter(({ name, ifindex }) => name !== PAIR.near && name !== PAIR.far && ifindex !== renamed);
}

/** @throws WeirError weir-pair-renamed, weir-pair-broken */
function checkNames(links: readonly Link[]): void {
  const fault = pairFault(links);
  if (fault?.kind === 'renamed') throw new WeirError('weir-pair-renamed', { name: fault.name, now: fault.now });
  if (fault?.kind === 'broken') throw new WeirError('weir-pair-broken', { present: fault.present, missing: fault.missing });
}

/** Makes the pair where it is missing. `ipv6`: as of pairSettings. Returns the two interface numbers. @throws WeirError weir-pair-renamed, weir-pair-broken */
export function ensurePair(
  netlink: Netlink,
  ipv6: boolean,
  report: ReportChange = () => {},
): { readonly near: number; readonly far: number } {
  const find = (): Pair => {
    const links = netlink.dump(dumpLinks(), decodeLink, 'list the interfaces');
    checkNames(links);
    return pairOf(links);
  };
  let { near, far } = find();
  const made = near === undefined;
  // The settings of a pair just made are part of it.
  const changed: ReportChange = made ? () => {} : report;
  if (made) {
    netlink.change(addPair(), `add the interfaces ${PAIR.near} and ${PAIR.far}`);
    ({ near, far } = find());
    report({ kind: 'pair-made' });
  }
  if (near === undefined || far === undefined) throw new WeirError('weir-pair-broken', { present: PAIR.near, missing: PAIR.far });
  for (const [name, { ifindex, flags }] of [
    [PAIR.near, near],
    [PAIR.far, far],
  ] as const) {
    settle(settingsBeforeUp(name, ipv6), changed);
    if ((flags & LinkFlag.up) !== 0) continue;
    netlink.change(changeLink({ ifindex, up: true }), `set ${name} up`);
    changed({ kind: 'link-up', name });
  }
  settle(FORWARDING, changed);
  settle(ACCEPT_LOCAL, report);
  return { near: near.ifindex, far: far.ifindex };
}

/** Removes the pair, and takes back the sysctl of lo. @throws SystemError */
export function removePair(netlink: Netlink): void {
  const { near, far } = pairOf(netlink.dump(dumpLinks(), decodeLink, 'list the interfaces'));
  // The near end may have been renamed: with one end both go.
  const ours = near ?? (far?.mac === FAR_MAC ? far : undefined);
  if (ours !== undefined) netlink.change(deleteLink(ours.ifindex), `remove ${ours.name}`);
  settle(of('lo', { 'ipv4/conf/IF/accept_local': '0' }), () => {});
}
