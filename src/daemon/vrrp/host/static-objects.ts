// static_ipaddress, static_routes, static_rules: there from start to stop, put back when another program takes them away. What cannot be put back is reported,
// for instances of its track_group go to FAULT without it.
import type { InterfaceFacts, LostStatic } from '../../../control/vrrp/messages.js';
import * as dump from '../../../dump/host-text.js';
import { formatAddress } from '../../../model/address-text.js';
import type { KeepalivedConfiguration } from '../../../model/keepalived/configuration.js';
import type { HostAddress, HostRoute, HostRule } from '../../../model/keepalived/network.js';
import type { Log } from '../../../model/log-level.js';
import type { Netlink } from '../../../sys/netlink/netlink.js';
import type { NetlinkMessage } from '../../../wire/netlink.js';
import type { InterfaceAddress } from '../../../wire/rtnetlink-address.js';
import { HeldAddresses } from './held-addresses.js';
import { HeldRoutes, type RouteLinks, routeText, ruleText } from './held-routes.js';
import type { Interfaces } from './interfaces.js';

/** Whose they are among what is held. */
const NOBODY = 'static';

interface Placed {
  readonly host: HostAddress;
  readonly interface: string;
}

/** An address whose interface is written out: another `default_interface` makes it another. */
type Settled = HostAddress & { readonly dev: string };

export interface StaticObjectsOptions {
  readonly netlink: Netlink;
  readonly interfaces: () => Interfaces;
  readonly links: RouteLinks;
  readonly log: Log;
  /** All that is missing now, whenever that changed. */
  readonly missing: (objects: readonly LostStatic[]) => void;
}

const keyOf = (value: HostAddress | HostRoute | HostRule): string =>
  JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? String(part) : part));

/** What is in one list and not in the other: of what the kernel has, or of all its attributes. */
function without<T extends HostAddress | HostRoute | HostRule>(list: readonly T[], others: readonly T[], ofKernel = false): readonly T[] {
  const key = (one: T): string => keyOf(ofKernel ? { ...one, noTrack: false, trackGroup: '' } : one);
  const keys = new Set(others.map(key));
  return list.filter((one) => !keys.has(key(one)));
}

const tracked = <T extends { readonly noTrack: boolean }>(list: readonly T[]): readonly T[] => list.filter(({ noTrack }) => !noTrack);

/** A route without dev was given no_track by the reader, for VRRP cannot watch it; it is put back all the same. */
const keptRoutes = (list: readonly HostRoute[]): readonly HostRoute[] => list.filter(({ noTrack, dev }) => !noTrack || dev === undefined);

/** Whether a route may have vanished with the link of this interface: the kernel does not report it. */
const standsOn = ({ dev, nextHops }: HostRoute, name: string): boolean =>
  dev === name || nextHops.some((hop) => hop.dev === name) || (dev === undefined && nextHops.length === 0);

const placed = (hosts: readonly Settled[]): readonly Placed[] => hosts.map((host) => ({ host, interface: host.dev }));

export class StaticObjects {
  readonly #addresses: HeldAddresses;
  readonly #routes: HeldRoutes;
  readonly #up = new Set<string>();
  #root: Pick<KeepalivedConfiguration['root'], 'staticRoutes' | 'staticRules'> & { readonly staticAddresses: readonly Settled[] } = {
    staticAddresses: [],
    staticRoutes: [],
    staticRules: [],
  };
  #suspicious = false;
  #reported: readonly LostStatic[] = [];

  constructor(readonly tools: StaticObjectsOptions) {
    const { netlink, interfaces, links, log } = tools;
    this.#addresses = new HeldAddresses(netlink, interfaces, log);
    this.#routes = new HeldRoutes(netlink, links, log);
  }

  /** Only what differs from before is touched; what is only watched otherwise is put in once more, where it is. */
  configure({ root, global }: KeepalivedConfiguration): void {
    const before = this.#root;
    const staticAddresses = root.staticAddresses.map((host): Settled => ({ ...host, dev: host.dev ?? global.defaultInterface }));
    this.#routes.removeRules(NOBODY, without(before.staticRules, root.staticRules, true));
    this.#routes.removeRoutes(NOBODY, without(before.staticRoutes, root.staticRoutes, true));
    this.#addresses.remove(NOBODY, placed(without(before.staticAddresses, staticAddresses, true)));
    this.#root = { ...root, staticAddresses };
    this.#addresses.add(NOBODY, placed(without(staticAddresses, before.staticAddresses)));
    this.#routes.addRoutes(NOBODY, without(root.staticRoutes, before.staticRoutes));
    this.#routes.addRules(NOBODY, without(root.staticRules, before.staticRules));
    this.#report();
  }

  addressRemoved(address: InterfaceAddress): void {
    this.#suspicious ||= this.#addresses.suspects(address);
  }

  /** What others took away is put back; what could not be put back is tried again, for something changed. */
  changed(messages: readonly NetlinkMessage[]): void {
    if (this.#suspicious) {
      this.#suspicious = false;
      this.#addresses.takeLost();
      this.#restoreAddresses();
    } else if (this.#reported.length > 0) {
      this.#restoreAddresses(false);
    }
    const lost = this.#routes.takeLost(messages);
    if (lost.length > 0 || this.#reported.length > 0) this.#restoreRoutes(lost.map(({ text }) => text));
    this.#report();
  }

  /** An interface came, or changed. With its link its IPv4 routes go, which the kernel does not report. */
  interfaceChanged({ name, up }: Pick<InterfaceFacts, 'name' | 'up'>): void {
    const cameUp = up && !this.#up.has(name);
    this.#up[up ? 'add' : 'delete'](name);
    this.#restoreAddresses(false);
    if (cameUp) {
      this.#routes.addRoutes(
        NOBODY,
        keptRoutes(this.#root.staticRoutes).filter((route) => standsOn(route, name)),
      );
    }
    this.#report();
  }

  interfaceGone(name: string, ifindex: number): void {
    this.#up.delete(name);
    this.#addresses.forget(ifindex);
    this.#report();
  }

  #lostAddresses(): readonly Placed[] {
    return placed(tracked(this.#root.staticAddresses)).filter(({ host, interface: name }) => {
      const link = this.tools.interfaces().byName(name);
      return link === undefined || !this.#addresses.isHeld(link.ifindex, host.address);
    });
  }

  #restoreAddresses(logged = true): void {
    for (const lost of this.#lostAddresses()) {
      const { host, interface: name } = lost;
      if (this.tools.interfaces().byName(name) === undefined) continue;
      if (logged) this.tools.log('info', `Restoring deleted static address ${dump.addressText(host, name, { set: true })}`);
      this.#addresses.add(NOBODY, [lost]);
    }
  }

  /** `deleted`: by the kernel's message. */
  #restoreRoutes(deleted: readonly string[]): void {
    const routes = this.#routes.lackedRoutes(keptRoutes(this.#root.staticRoutes));
    const rules = this.#routes.lackedRules(tracked(this.#root.staticRules));
    const texts = [
      ...routes.map((route) => [`route ${routeText(route)} removed`, `route ${dump.routeText(route)}`] as const),
      ...rules.map((rule) => [`rule ${ruleText(rule)} removed`, `rule ${dump.ruleText(rule)}`] as const),
    ];
    for (const [removed, text] of texts) {
      if (deleted.includes(removed)) this.tools.log('info', `Restoring deleted static ${text}`);
    }
    this.#routes.addRoutes(NOBODY, routes);
    this.#routes.addRules(NOBODY, rules);
  }

  #report(): void {
    const of = (trackGroup: string | undefined, text: string): readonly LostStatic[] =>
      trackGroup === undefined ? [] : [{ group: trackGroup, text }];
    const { staticRoutes, staticRules } = this.#root;
    const missing = [
      ...this.#lostAddresses().flatMap(({ host, interface: name }) =>
        of(host.trackGroup, `address ${formatAddress(host.address)}/${host.prefixLength} dev ${name}`),
      ),
      ...this.#routes.lackedRoutes(keptRoutes(staticRoutes)).flatMap((route) => of(route.trackGroup, `route ${routeText(route)}`)),
      ...this.#routes.lackedRules(tracked(staticRules)).flatMap((rule) => of(rule.trackGroup, `rule ${ruleText(rule)}`)),
    ];
    if (JSON.stringify(missing) !== JSON.stringify(this.#reported)) {
      this.#reported = missing;
      this.tools.missing(missing);
    }
  }

  close(): void {
    this.#routes.removeRules(NOBODY, this.#root.staticRules);
    this.#routes.removeRoutes(NOBODY, this.#root.staticRoutes);
    this.#addresses.remove(NOBODY, placed(this.#root.staticAddresses));
  }
}
