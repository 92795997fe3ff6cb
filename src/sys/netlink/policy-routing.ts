// What this network namespace chooses routes by besides destinations: policy rules, and IPv6 routes that are for some sources alone
// (`ip -6 route add NETWORK from PREFIX`, the kernel's subtrees), which no rule shows.
import type { Family } from '../../model/address.js';
import { dumpRoutes, isRouteOfSource } from '../../wire/rtnetlink-route.js';
import type { RuleSeen } from '../../wire/rtnetlink-rule.js';
import { unlessCode } from '../errno.js';
import { readTextFile } from '../files/durable-file.js';
import type { Netlink } from './netlink.js';
import { NO_FAMILY, policyRules } from './policy-rules.js';

export interface PolicyRouting {
  /** In the kernel's order. */
  rules(family: Family): readonly RuleSeen[];
  /** May a packet's source decide by which route it goes? */
  bySource(family: Family): boolean;
}

/** Of this namespace, in hexadecimal digits: nodes, nodes with routes, routes ever made, routes … No file: no IPv6. */
const COUNTS = '/proc/net/rt6_stats';
const ROUTES_AT = 3;
/** The kernel lists no routes of a source alone: it refuses a request that names one. 4096 take about 15 ms; with more every command would be slow. */
const ROUTES_MAX = 4096;

/** Where there are more than are looked at, some may be. */
function mayHaveSourceRoutes(netlink: Netlink): boolean {
  const routes = Number.parseInt(readTextFile(COUNTS)?.trim().split(/\s+/)[ROUTES_AT] ?? '0', 16);
  if (routes > ROUTES_MAX) return true;
  const found = (): readonly true[] =>
    netlink.dump(dumpRoutes('inet6'), (payload) => isRouteOfSource(payload) || undefined, 'list the IPv6 routes');
  return unlessCode(found, NO_FAMILY, []).length > 0;
}

/** Each call asks the kernel. @throws SystemError */
export const policyRouting = (netlink: Netlink): PolicyRouting => ({
  rules: (family) => policyRules(netlink, family),
  bySource: (family) =>
    policyRules(netlink, family).some(({ bySource }) => bySource) || (family === 'inet6' && mayHaveSourceRoutes(netlink)),
});
