// What VRRP puts on this host and takes away: addresses, routes, rules, drop rules, virtual interfaces, announcements, static objects.

import { addressInterface } from '../../../control/vrrp/interfaces/placement.js';
import { virtualInterfaceNames } from '../../../control/vrrp/interfaces/virtual-interface-names.js';
import type { Effect, Input, InterfaceFacts } from '../../../control/vrrp/messages.js';
import type { KeepalivedConfiguration } from '../../../model/keepalived/configuration.js';
import type { HostAddress } from '../../../model/keepalived/network.js';
import type { Log } from '../../../model/log-level.js';
import type { Netlink } from '../../../sys/netlink/netlink.js';
import type { NetlinkMessage } from '../../../wire/netlink.js';
import { RouteMessage } from '../../../wire/rtnetlink.js';
import type { InterfaceAddress } from '../../../wire/rtnetlink-address.js';
import { Announcer } from '../sockets/announcer.js';
import { Firewall } from './firewall.js';
import { HeldAddresses, type HeldOn, type Lost } from './held-addresses.js';
import { HeldRoutes, type RouteLinks } from './held-routes.js';
import type { Interfaces } from './interfaces.js';
import { LocalIgmp } from './local-igmp.js';
import { PromotedSecondaries } from './promoted-secondaries.js';
import { StaticObjects } from './static-objects.js';
import { UndoJournal } from './undo-journal.js';
import { VirtualInterfaces } from './virtual-interfaces.js';

/** What may concern interfaces that stand on others. */
const RELEVANT_TO_VIRTUAL: ReadonlySet<number> = new Set([RouteMessage.newLink, RouteMessage.newAddress, RouteMessage.deleteAddress]);

/** The effects that change the host. */
export type HostEffect = Extract<
  Effect,
  { kind: 'addresses' | 'routes' | 'rules' | 'announce' | 'probe' | 'firewall' | 'renamed' | 'virtualInterface' }
>;

export interface HostResourcesOptions {
  readonly netlink: Netlink;
  /** Known only after they are: each needs the other. */
  readonly interfaces: () => Interfaces;
  /** Takes the kernel's messages now. */
  readonly refresh: () => void;
  readonly log: Log;
  /** Inputs that the machine must have before anything else. */
  readonly feed: (input: Extract<Input, { kind: 'interfaceGone' | 'statics' }>) => void;
}

export interface LostResource extends Lost {
  readonly what: 'address' | 'route' | 'rule';
}

export class HostResources {
  readonly #addresses: HeldAddresses;
  readonly #routes: HeldRoutes;
  readonly #static: StaticObjects;
  readonly #announcer: Announcer;
  readonly #firewall: Firewall;
  readonly #virtual: VirtualInterfaces;
  readonly #secondaries: PromotedSecondaries;
  readonly #undoJournal: UndoJournal;
  readonly #localIgmp: LocalIgmp;
  readonly #onInput: HostResourcesOptions['feed'];
  readonly #interfaces: () => Interfaces;
  #configuration: KeepalivedConfiguration;
  #suspicious = false;

  /** @throws SystemError */
  constructor(configuration: KeepalivedConfiguration, { netlink, interfaces, refresh, log, feed }: HostResourcesOptions) {
    const links: RouteLinks = {
      indexOf: (name) => this.#indexOf(name),
      vrfTable: (name) => interfaces().byName(name)?.vrfTable,
    };
    this.#configuration = configuration;
    this.#interfaces = interfaces;
    this.#onInput = feed;
    this.#addresses = new HeldAddresses(netlink, interfaces, log);
    this.#routes = new HeldRoutes(netlink, links, log);
    this.#static = new StaticObjects({ netlink, interfaces, links, log, missing: (missing) => feed({ kind: 'statics', missing }) });
    this.#announcer = new Announcer(configuration.global, (name) => interfaces().byName(name), log);
    this.#undoJournal = new UndoJournal(log);
    this.#firewall = new Firewall(configuration.global, this.#undoJournal);
    this.#virtual = new VirtualInterfaces({ netlink, interfaces, firewall: this.#firewall, undoJournal: this.#undoJournal, log, refresh });
    this.#secondaries = new PromotedSecondaries(this.#undoJournal, log);
    this.#localIgmp = new LocalIgmp(this.#undoJournal, log);
  }

  /** Before the machine has it. @throws SystemError */
  configure(configuration: KeepalivedConfiguration): void {
    this.#configuration = configuration;
    this.#announcer.configure(configuration.global);
    this.#firewall.configure(configuration.global);
    this.#secondaries.configure(configuration);
    this.#static.configure(configuration);
    this.#localIgmp.configure(configuration.global.disableLocalIgmp === true);
  }

  /** What a run before us that was killed left behind and this configuration does not take over. @throws SystemError */
  removeLeftovers(): void {
    const names = [...virtualInterfaceNames(this.#configuration).values()];
    const wanted = names.flatMap(({ own, ofAddresses }) => [...(own === undefined ? [] : [own]), ...ofAddresses.values()]);
    this.#firewall.removeLeft();
    this.#virtual.removeLeft(new Set(wanted.map(({ settings }) => settings.name)));
  }

  #indexOf(name: string): number {
    const link = this.#interfaces().byName(name);
    if (link === undefined) {
      throw Object.assign(new Error(`ENODEV: no interface ${name}`), { code: 'ENODEV', errno: 19, syscall: 'netlink' });
    }
    return link.ifindex;
  }

  /** @throws SystemError */
  perform(effect: HostEffect): void {
    switch (effect.kind) {
      case 'addresses':
        this.#performAddresses(effect);
        break;
      case 'routes':
        this.#routes[effect.action === 'add' ? 'addRoutes' : 'removeRoutes'](effect.instance, effect.routes);
        break;
      case 'rules':
        this.#routes[effect.action === 'add' ? 'addRules' : 'removeRules'](effect.instance, effect.rules);
        break;
      case 'announce':
        this.#announcer.announce(effect.entries);
        break;
      case 'probe':
        this.#announcer.probe(effect.entries);
        break;
      case 'firewall':
        this.#performFirewall(effect);
        break;
      case 'renamed':
        this.#addresses.rename(effect.names);
        this.#routes.rename(effect.names);
        this.#firewall.rename(effect.names);
        break;
      case 'virtualInterface':
        this.#performVirtualInterface(effect);
        break;
    }
  }

  #performAddresses({ action, instance, interface: name, addresses }: Extract<Effect, { kind: 'addresses' }>): void {
    const hosts = addresses.map((host) => ({ host, interface: name }));
    if (action === 'add') {
      this.#addresses.add(instance, hosts);
      return;
    }
    this.#addresses.remove(instance, hosts);
    this.#announcer.forget(
      name,
      addresses.map(({ address }) => address),
    );
  }

  #performFirewall({ action, instance, addresses }: Extract<Effect, { kind: 'firewall' }>): void {
    const configuration = this.#configuration;
    const config = configuration.instances.find(({ name }) => name === instance);
    if (action === 'allow' || config === undefined) {
      this.#firewall.allow(
        instance,
        addresses.map(({ address }) => address),
      );
      return;
    }
    const indexOf = (host: HostAddress): number =>
      this.#interfaces().byName(addressInterface({ configuration }, config, host))?.ifindex ?? 0;
    this.#firewall.drop(
      instance,
      addresses.map((host) => ({ address: host.address, ifindex: indexOf(host) })),
    );
  }

  #performVirtualInterface(effect: Extract<Effect, { kind: 'virtualInterface' }>): void {
    const instance = this.#configuration.instances.find(({ name }) => name === effect.instance);
    if (effect.action === 'delete') {
      this.#virtual.remove(effect);
    } else if (instance !== undefined && !this.#virtual.create(effect, instance)) {
      this.#onInput({ kind: 'interfaceGone', name: effect.settings.name ?? '' });
    }
  }

  isHeld(ifindex: number, address: HostAddress['address']): boolean {
    return this.#addresses.isHeld(ifindex, address);
  }

  held(): readonly HeldOn[] {
    return this.#addresses.all();
  }

  /** An address went, taken off by us or by another program. */
  addressRemoved(address: InterfaceAddress): void {
    this.#suspicious ||= this.#addresses.suspects(address);
    this.#static.addressRemoved(address);
  }

  interfaceChanged(facts: InterfaceFacts): void {
    this.#static.interfaceChanged(facts);
  }

  /** Whether it is gone by our own doing. */
  isRemoving(name: string): boolean {
    return this.#virtual.isRemoving(name);
  }

  interfaceGone(name: string, ifindex: number): void {
    this.#addresses.forget(ifindex);
    this.#static.interfaceGone(name, ifindex);
  }

  /** What other programs took away, by one batch of the kernel's messages (`all`: by reading everything); static objects are put back. */
  takeLost(messages: readonly NetlinkMessage[], all = false): readonly LostResource[] {
    const addresses = this.#suspicious || all ? this.#addresses.takeLost() : [];
    this.#suspicious = false;
    if (messages.some(({ type }) => RELEVANT_TO_VIRTUAL.has(type))) this.#virtual.follow();
    this.#static.changed(messages);
    return [...addresses.map((one) => ({ ...one, what: 'address' as const })), ...this.#routes.takeLost(messages)];
  }

  /** The machine took away what it had put there; the rest goes now, and settings are as before. */
  close(): void {
    this.#announcer.close();
    this.#static.close();
    this.#undoJournal.restore();
    this.#firewall.close();
  }
}
