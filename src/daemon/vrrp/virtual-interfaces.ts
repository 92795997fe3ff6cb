// use_vmac and use_ipvlan: interfaces with the virtual router's MAC, the settings that they need, and everything as before when they go.
import type { Effect } from '../../control/vrrp/interface.js';
import type { VrrpInstance } from '../../model/keepalived/instance.js';
import type { Netlink } from '../../sys/netlink.js';
import { readSetting, writeSetting } from '../../sys/proc-sys.js';
import { AddressFlag, AddressScope, addAddress } from '../../wire/rtnetlink-address.js';
import { changeLink, deleteLink, type Link } from '../../wire/rtnetlink-link.js';
import { addStackedLink } from '../../wire/rtnetlink-macvlan.js';
import type { Firewall } from './firewall.js';
import { isLinkLocal } from './firewall-table.js';
import type { Interfaces } from './interfaces.js';
import type { LogLevel } from './vrrp-process.js';

type Wish = Extract<Effect, { kind: 'virtualInterface' }>;

/** IN6_ADDR_GEN_MODE_NONE */
const NO_OWN_ADDRESSES = '1';

/** 00:00:5e:00:01:VRID and 00:00:5e:00:02:VRID (RFC 5798 §7.3). */
export function virtualMac({ family, vrid }: Pick<VrrpInstance, 'family' | 'vrid'>): string {
  return `00:00:5e:00:0${family === 'inet' ? 1 : 2}:${vrid.toString(16).padStart(2, '0')}`;
}

export interface VirtualInterfaceTools {
  readonly netlink: Netlink;
  readonly interfaces: () => Interfaces;
  readonly firewall: Firewall;
  readonly log: (level: LogLevel, text: string) => void;
  /** Takes the kernel's messages now, so that the new interface is known. */
  readonly refresh: () => void;
}

export class VirtualInterfaces {
  /** Settings as they were before us, the first of each. */
  readonly #before = new Map<string, string>();
  readonly #made = new Set<string>();

  constructor(private readonly tools: VirtualInterfaceTools) {}

  /** @throws SystemError */
  create(wish: Wish, instance: Pick<VrrpInstance, 'family' | 'vrid'>): void {
    const { netlink, log, refresh } = this.tools;
    const interfaces = this.tools.interfaces();
    const { settings, base } = wish;
    const name = settings.name ?? '';
    const below = interfaces.byName(base);
    const what = settings.kind === 'vmac' ? 'VMAC' : 'ipvlan';
    if (below === undefined) {
      log('warning', `(${wish.instance}): cannot create ${what} interface ${name}: ${base} does not exist`);
      return;
    }
    this.#clearWay(name, below);
    const kind =
      settings.kind === 'vmac'
        ? ({ kind: 'macvlan', mac: settings.mac ?? virtualMac(instance) } as const)
        : ({ kind: 'ipvlan', mode: settings.mode ?? 'bridge' } as const);
    const group = settings.group === undefined ? {} : { group: settings.group };
    netlink.change(addStackedLink({ name, base: below.ifindex, kind, ...group }), `create ${name} on ${base}`);
    this.#made.add(name);
    refresh();
    const made = interfaces.byName(name);
    if (made === undefined) {
      log('error', `(${wish.instance}): ${what} interface ${name} was made and is not there`);
      return;
    }
    log('info', `(${wish.instance}): Success creating ${what} interface ${name}`);
    this.#write(`net/ipv6/conf/${name}/addr_gen_mode`, NO_OWN_ADDRESSES);
    if (settings.kind === 'vmac') {
      this.#settle(name, base, instance.family);
    }
    netlink.change(changeLink({ ifindex: made.ifindex, up: true }), `set ${name} up`);
    this.#giveLinkLocal(made, below, instance.family);
    if (settings.kind === 'vmac') {
      this.tools.firewall.addMacvlan(name, instance.family, made.ifindex, below.ifindex);
    }
    refresh();
  }

  /** One that a crashed run left, or whose parent is another now, goes first. */
  #clearWay(name: string, below: Link): void {
    const there = this.tools.interfaces().byName(name);
    if (there === undefined) {
      return;
    }
    if (there.kind !== 'macvlan' && there.kind !== 'ipvlan') {
      throw Object.assign(new Error(`EEXIST: ${name} on ${below.name}: there is an interface of that name`), {
        code: 'EEXIST',
        errno: 17,
        syscall: 'netlink',
      });
    }
    this.tools.netlink.change(deleteLink(there.ifindex), `remove ${name}`);
    this.tools.refresh();
  }

  /** IPv4: answers ARP for its own addresses only, takes packets that claim to come from this host, and has no IPv6. */
  #settle(name: string, base: string, family: VrrpInstance['family']): void {
    if (family === 'inet6') {
      this.#write(`net/ipv6/conf/${name}/accept_dad`, '0');
      return;
    }
    this.#write(`net/ipv6/conf/${name}/disable_ipv6`, '1');
    for (const [key, value] of [
      ['arp_ignore', '1'],
      ['accept_local', '1'],
      ['promote_secondaries', '1'],
    ] as const) {
      this.#write(`net/ipv4/conf/${name}/${key}`, value);
    }
    this.#change(`net/ipv4/conf/${base}/arp_ignore`, '1');
    this.#change(`net/ipv4/conf/${base}/arp_filter`, '1');
    this.#moveReversePathFilter(name);
    this.#write(`net/ipv4/conf/${name}/rp_filter`, '0');
  }

  /** The kernel takes the stricter of `all` and the interface's own: what `all` asks for goes to each, so that ours can be without. */
  #moveReversePathFilter(except: string): void {
    const all = Number(readSetting('net/ipv4/conf/all/rp_filter') ?? 0);
    if (all === 0) {
      return;
    }
    const others = this.tools
      .interfaces()
      .all()
      .map(({ name }) => name);
    for (const name of ['default', ...others.filter((one) => one !== except && !this.#made.has(one))]) {
      const own = Number(readSetting(`net/ipv4/conf/${name}/rp_filter`) ?? 0);
      if (own < all) {
        this.#change(`net/ipv4/conf/${name}/rp_filter`, String(all));
      }
    }
    this.#change('net/ipv4/conf/all/rp_filter', '0');
  }

  /** An interface without an address of the link cannot send adverts of IPv6: it gets its parent's, deprecated. */
  #giveLinkLocal(made: Link, below: Link, family: VrrpInstance['family']): void {
    const address = this.tools
      .interfaces()
      .all()
      .find(({ index }) => index === below.ifindex)
      ?.addresses.find(isLinkLocal);
    if (family !== 'inet6' || address === undefined) {
      return;
    }
    const value = {
      ifindex: made.ifindex,
      address,
      prefixLength: 64,
      scope: AddressScope.link,
      flags: AddressFlag.noDad,
      preferredLifetime: 0,
    };
    this.tools.netlink.change(addAddress(value), `give ${made.name} its parent's link-local address`);
  }

  /** Of an interface that goes away with us. */
  #write(path: string, value: string): void {
    if (readSetting(path) !== undefined) {
      writeSetting(path, value);
    }
  }

  /** Of the host: put back later. */
  #change(path: string, value: string): void {
    const before = readSetting(path);
    if (before === undefined || before === value) {
      return;
    }
    if (!this.#before.has(path)) {
      this.#before.set(path, before);
    }
    this.tools.log('info', `NOTICE: setting sysctl ${path.replaceAll('/', '.')} from ${before} to ${value}`);
    writeSetting(path, value);
  }

  /** @throws SystemError */
  remove(wish: Wish): void {
    const name = wish.settings.name ?? '';
    this.tools.firewall.removeMacvlan(name);
    const there = this.#made.has(name) ? this.tools.interfaces().byName(name) : undefined;
    this.#made.delete(name);
    if (there !== undefined) {
      this.tools.netlink.change(deleteLink(there.ifindex), `remove ${name}`);
      this.tools.log('info', `(${wish.instance}) Success removing ${wish.settings.kind === 'vmac' ? 'VMAC' : 'ipvlan'} interface ${name}`);
      this.tools.refresh();
    }
    if (this.#made.size === 0) {
      this.restore();
    }
  }

  /** Everything of the host as it was; what is not there any more is left out. */
  restore(): void {
    for (const [path, value] of this.#before) {
      if (readSetting(path) !== undefined) {
        this.tools.log('info', `NOTICE: resetting sysctl ${path.replaceAll('/', '.')} to ${value}`);
        writeSetting(path, value);
      }
    }
    this.#before.clear();
  }
}
