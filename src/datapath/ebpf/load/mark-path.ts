// The path of packets with a firewall mark. Netfilter gives them the mark after the programs at ingress have seen them; then a rule and a
// route for each mark of a service lead them to weir0, at whose egress the wide build's program balances them. Made for the first service
// of a mark, and taken back with the last one.
import { unlessCode } from '../../../sys/errno.js';
import type { Netlink } from '../../../sys/netlink/netlink.js';
import { changeLink, decodeLink, dumpLinks, LinkFlag } from '../../../wire/rtnetlink-link.js';
import { addRoute, RouteScope, RouteType } from '../../../wire/rtnetlink-route.js';
import { appendRule, decodeRule, deleteRule, dumpRules } from '../../../wire/rtnetlink-rule.js';
import { liveMarks } from '../table/marks.js';
import type { AttachedInterfaces } from './attached-interfaces.js';
import { MARK_PROTOCOL, MARK_TABLE, markRuleSteps } from './mark-rules.js';
import { pairOf } from './pair.js';

/** No packet is too large for the pair: the next hop's MTU counts. The largest that the kernel takes. */
const PAIR_MTU = 65535;

/** How many rules were made or removed. */
function settleRules(netlink: Netlink, marks: readonly number[]): number {
  const steps = markRuleSteps(netlink.dump(dumpRules('inet'), decodeRule, 'list the policy rules'), marks);
  for (const { kind, rule } of steps) {
    if (kind === 'append') netlink.change(appendRule(rule), 'add a policy rule for firewall marks');
    else unlessCode(() => netlink.change(deleteRule(rule), 'remove a policy rule for firewall marks'), ['ENOENT'], undefined);
  }
  return steps.length;
}

/** The pair as marks need it, and the route to it. */
function ensureRoute(netlink: Netlink): void {
  const { near, far } = pairOf(netlink.dump(dumpLinks(), decodeLink, 'list the interfaces'));
  if (near === undefined || far === undefined) return; // the next command makes it
  for (const { ifindex, name, mtu, flags } of [near, far]) {
    if (mtu === PAIR_MTU && (flags & LinkFlag.noArp) !== 0) continue;
    netlink.change(changeLink({ ifindex, mtu: PAIR_MTU, arp: false }), `set the MTU of ${name}`);
  }
  const route = { family: 'inet', prefixLength: 0, table: MARK_TABLE, protocol: MARK_PROTOCOL, ifindex: near.ifindex } as const;
  const request = addRoute({ ...route, scope: RouteScope.link, type: RouteType.unicast });
  unlessCode(() => netlink.change(request, 'add the route of firewall marks'), ['EEXIST'], undefined);
}

/** Makes the path what the living services need. Returns how many rules were made or removed. @throws SystemError */
export function settleMarkPath(netlink: Netlink, interfaces: AttachedInterfaces): number {
  const marks = liveMarks(interfaces.tables);
  if (marks.length > 0) {
    interfaces.attachPair();
    ensureRoute(netlink);
  }
  return settleRules(netlink, marks);
}

/** Nothing of it stays; the route goes with the pair. @throws SystemError */
export function removeMarkPath(netlink: Netlink): void {
  settleRules(netlink, []);
}
