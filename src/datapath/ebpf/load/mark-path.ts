// The path of packets with a firewall mark. Netfilter gives them the mark after the programs at ingress have seen them; then a rule and a
// route for each mark of a service lead them to weir0, at whose egress the wide builds' programs balance them. Made for the first service
// of a mark, and taken back with the last one, of each family by itself.
import type { Family } from '../../../model/address.js';
import { isSystemError, unlessCode } from '../../../sys/errno.js';
import type { Netlink } from '../../../sys/netlink/netlink.js';
import { NO_FAMILY, policyRules } from '../../../sys/netlink/policy-rules.js';
import { AddressScope, addAddress } from '../../../wire/rtnetlink-address.js';
import { changeLink, decodeLink, dumpLinks, type Link, LinkFlag } from '../../../wire/rtnetlink-link.js';
import { addRoute, deleteRoute, type Route, RouteScope, RouteType } from '../../../wire/rtnetlink-route.js';
import { appendRule, deleteRule } from '../../../wire/rtnetlink-rule.js';
import { FAMILIES, hasMarks, liveMarks } from '../table/marks.js';
import type { AttachedInterfaces } from './attached-interfaces.js';
import { MARK_PROTOCOL, MARK_TABLE, markRuleSteps } from './mark-rules.js';
import { PAIR, pairOf, setPairIpv6 } from './pair.js';
import type { OnNotice } from './refused-xdp.js';

/** No packet is too large for the pair: the next hop's MTU counts. The largest that the kernel takes. */
const PAIR_MTU = 65535;

/** Addresses of IPv6 that mean something on one link alone: a mark does not lead packets to them elsewhere. */
const OF_LINKS = [
  { first: 0xfe800000, prefixLength: 10 },
  { first: 0xff000000, prefixLength: 8 },
] as const;

/** How many rules were made or removed. */
function settleRules(netlink: Netlink, family: Family, marks: readonly number[]): number {
  const steps = markRuleSteps(family, policyRules(netlink, family), marks);
  for (const { kind, rule } of steps) {
    if (kind === 'append') netlink.change(appendRule(rule), 'add a policy rule for firewall marks');
    else unlessCode(() => netlink.change(deleteRule(rule), 'remove a policy rule for firewall marks'), ['ENOENT'], undefined);
  }
  return steps.length;
}

const OURS = { table: MARK_TABLE, protocol: MARK_PROTOCOL } as const;

/** Routes that throw back what is for link-local and multicast addresses. They have no device, so they are not removed with one. */
const PAST_ROUTES: readonly Route[] = OF_LINKS.map(({ first, prefixLength }) => ({
  ...OURS,
  family: 'inet6',
  destination: { family: 'inet6', words: [first, 0, 0, 0] },
  prefixLength,
  scope: RouteScope.universe,
  type: RouteType.throw,
}));

function routesOf(family: Family, ifindex: number): readonly Route[] {
  const toPair: Route = { ...OURS, family, prefixLength: 0, scope: RouteScope.link, type: RouteType.unicast, ifindex };
  return family === 'inet6' ? [...PAST_ROUTES, toPair] : [toPair];
}

/** Of the far end, since by an interface without one no rp_filter but 0 lets packets in. Of this host alone; 127, "w", "e", "i". */
const FAR_ADDRESS = { address: { family: 'inet', words: [0x7f776569] }, prefixLength: 32, scope: AddressScope.host } as const;

function giveAddress(netlink: Netlink, ifindex: number): void {
  const address = addAddress({ ...FAR_ADDRESS, ifindex, flags: 0 });
  unlessCode(() => netlink.change(address, `add an address to ${PAIR.far}`), ['EEXIST'], undefined);
}

/** The pair as it must be where the stack sends packets by it, and gets them back. */
export function preparePair(netlink: Netlink, { near, far }: { readonly near: Link; readonly far: Link }): void {
  for (const { ifindex, name, mtu, flags } of [near, far]) {
    if (mtu === PAIR_MTU && (flags & LinkFlag.noArp) !== 0) continue;
    netlink.change(changeLink({ ifindex, mtu: PAIR_MTU, arp: false }), `set the MTU of ${name}`);
  }
  giveAddress(netlink, far.ifindex);
}

/** The pair as marks need it, and the routes to it. */
function ensureRoutes(netlink: Netlink, family: Family): void {
  const { near, far } = pairOf(netlink.dump(dumpLinks(), decodeLink, 'list the interfaces'));
  if (near === undefined || far === undefined) return; // the next command makes it
  preparePair(netlink, { near, far });
  if (family === 'inet6') setPairIpv6(true);
  for (const route of routesOf(family, near.ifindex))
    unlessCode(() => netlink.change(addRoute(route), 'add the route of firewall marks'), ['EEXIST'], undefined);
}

/** Makes the path what the living services of these families need. Returns how many rules were made or removed. @throws SystemError */
export function settleMarkPath(netlink: Netlink, interfaces: AttachedInterfaces, families: readonly Family[] = FAMILIES): number {
  const { tables } = interfaces;
  const paths = families.filter((family) => hasMarks(tables, family)).map((family) => ({ family, marks: liveMarks(tables, family) }));
  if (paths.some(({ marks }) => marks.length > 0)) interfaces.attachPair();
  let changed = 0;
  for (const { family, marks } of paths) {
    if (marks.length > 0) ensureRoutes(netlink, family);
    changed += settleRules(netlink, family, marks);
  }
  return changed;
}

/**
 * Makes the path what the living services of both families need. Where the kernel refuses something of it, the command goes on with a notice:
 * it may be the one that takes the services away, and every later one tries again. Returns how many rules were made or removed.
 */
export function followMarks(netlink: Netlink, interfaces: AttachedInterfaces, onNotice: OnNotice): number {
  try {
    return settleMarkPath(netlink, interfaces);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    onNotice(`routes and policy rules of firewall marks are not as the table needs them: ${error.message}; every command tries again`);
    return 0;
  }
}

/** Nothing of it stays; the routes to the pair go with it. @throws SystemError */
export function removeMarkPath(netlink: Netlink): void {
  for (const family of FAMILIES) settleRules(netlink, family, []);
  for (const route of PAST_ROUTES)
    unlessCode(() => netlink.change(deleteRoute(route), 'remove a route of firewall marks'), ['ESRCH', 'ENOENT', ...NO_FAMILY], undefined);
}
