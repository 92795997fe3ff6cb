// Virtual routes and rules: put in and taken out by netlink, and missed when somebody else takes one out.
import { formatAddress } from '../../model/address-text.js';
import type { HostRoute, HostRule } from '../../model/keepalived/network.js';
import { hasCode } from '../../sys/errno.js';
import type { Netlink } from '../../sys/netlink.js';
import { addHostRoute, deleteHostRoute, tableOf } from '../../wire/keepalived-route.js';
import type { NetlinkMessage, NetlinkRequest } from '../../wire/netlink.js';
import { RouteMessage } from '../../wire/rtnetlink.js';
import { decodeRoute } from '../../wire/rtnetlink-route.js';
import { addRule, deleteRule, identityOfRule, RuleMessage, ruleIdentity } from '../../wire/rtnetlink-rule.js';
import type { Lost } from './held-addresses.js';
import type { LogLevel } from './vrrp-process.js';

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

const routeKey = (route: HostRoute): string =>
  `${route.family} ${route.to.length === 0 ? '' : route.to.address.words.join('.')}/${route.to.length} ${tableOf(route)} ${
    route.metric ?? (route.family === 'inet6' ? METRIC6 : 0)
  } ${route.tos ?? 0}`;

const routeText = ({ to, dev, via }: HostRoute): string =>
  [
    to.length === 0 ? 'default' : `${formatAddress(to.address)}/${to.length}`,
    via === undefined ? '' : `via ${formatAddress(via)}`,
    dev === undefined ? '' : `dev ${dev}`,
  ]
    .filter((part) => part !== '')
    .join(' ');

const ruleText = (rule: HostRule): string => `with preference ${rule.preference ?? 0}`;

export class HeldRoutes {
  readonly #held = new Map<string, Held>();

  constructor(
    private readonly netlink: Netlink,
    private readonly ifindexOf: (device: string) => number,
    private readonly log: (level: LogLevel, text: string) => void,
  ) {}

  addRoutes(instance: string, routes: readonly HostRoute[]): void {
    for (const route of routes) {
      const text = routeText(route);
      if (route.unsupported.length > 0) {
        this.log('warning', `(${instance}) route ${text}: not carried out: ${route.unsupported.join(' ')}`);
      }
      if (this.#try(() => addHostRoute(route, this.ifindexOf), `add route ${text}`, ['EEXIST'])) {
        this.#held.set(routeKey(route), { instance, kind: 'route', text, noTrack: route.noTrack || route.dev === undefined });
      }
    }
  }

  removeRoutes(instance: string, routes: readonly HostRoute[]): void {
    for (const route of routes) {
      if (this.#release(routeKey(route), instance)) {
        this.#try(() => deleteHostRoute(route, this.ifindexOf), `remove route ${routeText(route)}`, ['ESRCH', 'ENODEV']);
      }
    }
  }

  addRules(instance: string, rules: readonly HostRule[]): void {
    for (const rule of rules) {
      if (this.#try(() => addRule(rule), `add rule ${ruleText(rule)}`, ['EEXIST'])) {
        this.#held.set(`rule ${identityOfRule(rule)}`, { instance, kind: 'rule', text: ruleText(rule), noTrack: rule.noTrack });
      }
    }
  }

  removeRules(instance: string, rules: readonly HostRule[]): void {
    for (const rule of rules) {
      if (this.#release(`rule ${identityOfRule(rule)}`, instance)) {
        this.#try(() => deleteRule(rule), `remove rule ${ruleText(rule)}`, ['ENOENT']);
      }
    }
  }

  /** Instances have other names since a reload, old to new. */
  rename(names: ReadonlyMap<string, string>): void {
    for (const [key, held] of this.#held) {
      this.#held.set(key, { ...held, instance: names.get(held.instance) ?? held.instance });
    }
  }

  /** False: another instance holds the same. */
  #release(key: string, instance: string): boolean {
    const held = this.#held.get(key);
    if (held !== undefined && held.instance !== instance) {
      return false;
    }
    this.#held.delete(key);
    return true;
  }

  /** Whether it was done, now or before (`fine`); what fails is logged. */
  #try(request: () => NetlinkRequest, what: string, fine: readonly string[]): boolean {
    try {
      this.netlink.change(request(), what);
      return true;
    } catch (error) {
      if (hasCode(error, ...fine)) {
        return true;
      }
      this.log('error', `Netlink: error: ${(error as Error).message}`);
      return false;
    }
  }

  /** What others took out, of one batch of the kernel's messages; it counts as not held from now on. */
  takeLost(messages: readonly NetlinkMessage[]): readonly LostEntry[] {
    if (this.#held.size === 0) {
      return [];
    }
    return messages.flatMap((message) => {
      const key = message.port === this.netlink.port ? undefined : removedKey(message);
      const held = key === undefined ? undefined : this.#held.get(key);
      if (key === undefined || held === undefined) {
        return [];
      }
      this.#held.delete(key);
      return [{ instance: held.instance, what: held.kind, text: `${held.kind} ${held.text} removed`, noTrack: held.noTrack }];
    });
  }
}

/** What a message says is gone, by our key. */
function removedKey(message: NetlinkMessage): string | undefined {
  if (message.type === RuleMessage.deleteRule) {
    const identity = ruleIdentity(message.payload);
    return identity === undefined ? undefined : `rule ${identity}`;
  }
  const route = message.type === RouteMessage.deleteRoute ? decodeRoute(message.payload) : undefined;
  if (route === undefined) {
    return undefined;
  }
  const { family, destination, prefixLength, table, priority } = route;
  return `${family} ${destination?.words.join('.') ?? ''}/${prefixLength} ${table} ${priority ?? 0} ${message.payload[3] ?? 0}`;
}
