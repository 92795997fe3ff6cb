// Virtual routes and rules: put in and taken out by netlink, and noticed when another program takes one out.
import { formatAddress } from '../../../model/address-text.js';
import { addressId } from '../../../model/identity.js';
import type { HostRoute, HostRule } from '../../../model/keepalived/network.js';
import type { Log } from '../../../model/log-level.js';
import { hasCode, isSystemError } from '../../../sys/errno.js';
import type { Netlink } from '../../../sys/netlink/netlink.js';
import { addHostRoute, deleteHostRoute, tableOf } from '../../../wire/keepalived-route.js';
import type { NetlinkMessage, NetlinkRequest } from '../../../wire/netlink.js';
import { RouteMessage } from '../../../wire/rtnetlink.js';
import { decodeRoute } from '../../../wire/rtnetlink-route.js';
import { addRule, deleteRule, identityOfRule, RuleMessage, ruleIdentity } from '../../../wire/rtnetlink-rule.js';
import type { Lost } from './held-addresses.js';

interface Held {
  readonly instance: string;
  readonly kind: 'route' | 'rule';
  readonly text: string;
  readonly noTrack: boolean;
}

export interface LostEntry extends Lost {
  readonly what: 'route' | 'rule';
}

/** IPv6's default metric, which the kernel puts where none is given. */
const METRIC6 = 1024;

/** What routes are known by in messages. */
export interface RouteLinks {
  /** @throws SystemError ENODEV */
  readonly indexOf: (name: string) => number;
  /** The table of a VRF; undefined: no such VRF. */
  readonly vrfTable: (name: string) => number | undefined;
}

const routeKey = (route: HostRoute): string =>
  `${route.family} ${route.to.length === 0 ? '' : addressId(route.to.address)}/${route.to.length} ${tableOf(route)} ${
    route.metric ?? (route.family === 'inet6' ? METRIC6 : 0)
  } ${route.tos ?? 0}`;

const ruleKey = (rule: HostRule): string => `rule ${identityOfRule(rule)}`;

function noVrf(name: string): Error {
  return Object.assign(new Error(`ENODEV: no VRF ${name}`), { code: 'ENODEV', errno: 19, syscall: 'netlink' });
}

export const routeText = ({ to, dev, via }: HostRoute): string =>
  [
    to.length === 0 ? 'default' : `${formatAddress(to.address)}/${to.length}`,
    via === undefined ? '' : `via ${formatAddress(via)}`,
    dev === undefined ? '' : `dev ${dev}`,
  ]
    .filter((part) => part !== '')
    .join(' ');

export const ruleText = (rule: HostRule): string => `with preference ${rule.preference ?? 0}`;

export class HeldRoutes {
  readonly #held = new Map<string, Held>();
  /** The tables of VRFs when they were last seen: routes of one that is gone are still to be removed. */
  readonly #vrfTables = new Map<string, number>();
  /** The last failure of each request: logged once until it changes. */
  readonly #failures = new Map<string, string>();

  constructor(
    readonly netlink: Netlink,
    readonly links: RouteLinks,
    readonly log: Log,
  ) {}

  /** With the table of its VRF. */
  #settled(route: HostRoute): HostRoute {
    const { vrf } = route;
    if (vrf === undefined) return route;
    const table = this.links.vrfTable(vrf) ?? this.#vrfTables.get(vrf);
    if (table === undefined) return route;
    this.#vrfTables.set(vrf, table);
    return { ...route, table };
  }

  addRoutes(instance: string, routes: readonly HostRoute[]): void {
    for (const route of routes) {
      const text = routeText(route);
      const settled = this.#settled(route);
      const request = (): NetlinkRequest => {
        if (route.vrf !== undefined && this.links.vrfTable(route.vrf) === undefined) throw noVrf(route.vrf);
        return addHostRoute(settled, this.links.indexOf);
      };
      if (this.#try(request, `add route ${text}`, ['EEXIST'])) {
        this.#held.set(routeKey(settled), { instance, kind: 'route', text, noTrack: route.noTrack || route.dev === undefined });
      } else {
        this.#held.delete(routeKey(settled));
      }
    }
  }

  removeRoutes(instance: string, routes: readonly HostRoute[]): void {
    for (const route of routes) {
      const settled = this.#settled(route);
      if (this.#release(routeKey(settled), instance)) {
        this.#failures.delete(`add route ${routeText(route)}`);
        this.#try(() => deleteHostRoute(settled, this.links.indexOf), `remove route ${routeText(route)}`, ['ESRCH', 'ENODEV']);
      }
    }
  }

  /** Of these routes the ones that are not there, as far as is known. */
  lackedRoutes(routes: readonly HostRoute[]): readonly HostRoute[] {
    return routes.filter((route) => !this.#held.has(routeKey(this.#settled(route))));
  }

  lackedRules(rules: readonly HostRule[]): readonly HostRule[] {
    return rules.filter((rule) => !this.#held.has(ruleKey(rule)));
  }

  addRules(instance: string, rules: readonly HostRule[]): void {
    for (const rule of rules) {
      if (this.#try(() => addRule(rule), `add rule ${ruleText(rule)}`, ['EEXIST'])) {
        this.#held.set(ruleKey(rule), { instance, kind: 'rule', text: ruleText(rule), noTrack: rule.noTrack });
      }
    }
  }

  removeRules(instance: string, rules: readonly HostRule[]): void {
    for (const rule of rules) {
      if (this.#release(ruleKey(rule), instance)) {
        this.#failures.delete(`add rule ${ruleText(rule)}`);
        this.#try(() => deleteRule(rule), `remove rule ${ruleText(rule)}`, ['ENOENT']);
      }
    }
  }

  /** Instances have other names since a reload, old to new. */
  rename(names: ReadonlyMap<string, string>): void {
    for (const [key, held] of this.#held) this.#held.set(key, { ...held, instance: names.get(held.instance) ?? held.instance });
  }

  /** False: another instance holds the same. */
  #release(key: string, instance: string): boolean {
    const held = this.#held.get(key);
    if (held !== undefined && held.instance !== instance) return false;
    this.#held.delete(key);
    return true;
  }

  /** Whether it was done, now or before (`fine`); a failure is logged once until it changes. */
  #try(request: () => NetlinkRequest, what: string, fine: readonly string[]): boolean {
    try {
      this.netlink.change(request(), what);
    } catch (error) {
      if (!isSystemError(error)) throw error;
      if (!hasCode(error, ...fine)) {
        if (this.#failures.get(what) !== error.message) {
          this.#failures.set(what, error.message);
          this.log('error', `Netlink: error: ${error.message}`);
        }
        return false;
      }
    }
    this.#failures.delete(what);
    return true;
  }

  /** What others took out, of one batch of the kernel's messages; it counts as not held from now on. */
  takeLost(messages: readonly NetlinkMessage[]): readonly LostEntry[] {
    if (this.#held.size === 0) return [];
    return messages.flatMap((message) => {
      const key = message.port === this.netlink.port ? undefined : removedKey(message);
      const held = key === undefined ? undefined : this.#held.get(key);
      if (key === undefined || held === undefined) return [];
      this.#held.delete(key);
      return [{ instance: held.instance, what: held.kind, text: `${held.kind} ${held.text} removed`, noTrack: held.noTrack }];
    });
  }
}

/** The route or rule that a message reports as gone, by our key. */
function removedKey(message: NetlinkMessage): string | undefined {
  if (message.type === RuleMessage.deleteRule) {
    const identity = ruleIdentity(message.payload);
    return identity === undefined ? undefined : `rule ${identity}`;
  }
  const route = message.type === RouteMessage.deleteRoute ? decodeRoute(message.payload) : undefined;
  if (route === undefined) return undefined;
  const { family, destination, prefixLength, table, priority } = route;
  return `${family} ${destination === undefined ? '' : addressId(destination)}/${prefixLength} ${table} ${priority ?? 0} ${message.payload[3] ?? 0}`;
}
