// use_vmac and use_ipvlan: interfaces with the virtual router's MAC, the settings that they need, and everything as before when they go.
import type { Effect } from '../../../control/vrrp/messages.js';
import type { VrrpInstance } from '../../../model/keepalived/instance.js';
import type { VirtualInterface } from '../../../model/keepalived/network.js';
import type { Log } from '../../../model/log-level.js';
import { hasCode, isSystemError } from '../../../sys/errno.js';
import { readSetting, writeSetting } from '../../../sys/files/sysctl.js';
import type { Netlink } from '../../../sys/netlink/netlink.js';
import { AddressFlag, AddressScope, addAddress, type InterfaceAddress } from '../../../wire/rtnetlink-address.js';
import { changeLink, deleteLink, type Link } from '../../../wire/rtnetlink-link.js';
import { addStackedLink } from '../../../wire/rtnetlink-macvlan.js';
import type { Firewall } from './firewall.js';
import type { Interfaces } from './interfaces.js';
import { LinkLocals } from './link-locals.js';
import type { UndoJournal } from './undo-journal.js';

type Wish = Extract<Effect, { kind: 'virtualInterface' }>;
type Instance = Pick<VrrpInstance, 'family' | 'vrid'>;

/** IN6_ADDR_GEN_MODE_NONE */
const NO_OWN_ADDRESSES = '1';
/**
 * Multicast and broadcast frames reach macvlans through a queue of the interface below, by default of 1,000 frames. 255 instances that take
 * over at the same time, each announcing a few addresses five times, need more.
 */
const BROADCAST_QUEUE_LENGTH = 8_192;
/**
 * A flood fills any queue, and adverts are lost with it. Up to so many macvlans of one interface get multicast frames without the queue: a device
 * hands on up to 64 frames at a time, and a CPU's backlog takes 1,000 (net.core.netdev_max_backlog).
 */
const DIRECT_RECEIVERS_MAX = 15;
const NO_QUEUE = -1;
const WORDS = { vmac: 'VMAC', ipvlan: 'ipvlan' } as const;

/** 00:00:5e:00:01:VRID and 00:00:5e:00:02:VRID (RFC 5798 §7.3). */
export function virtualMac({ family, vrid }: Instance): string {
  return `00:00:5e:00:0${family === 'inet' ? 1 : 2}:${vrid.toString(16).padStart(2, '0')}`;
}

export interface VirtualInterfacesOptions {
  readonly netlink: Netlink;
  readonly interfaces: () => Interfaces;
  readonly firewall: Firewall;
  readonly undoJournal: UndoJournal;
  readonly log: Log;
  /** Takes the kernel's messages now, so that the new interface is known. */
  readonly refresh: () => void;
}

const vrfOf = ({ master, masterKind }: Link): number => (masterKind === 'vrf' ? (master ?? 0) : 0);

/** Which of these interfaces must change their VRF (0: into none), since what is below them did. */
export function vrfMoves(
  links: readonly Link[],
  below: (ifindex: number) => Link | undefined,
): readonly { readonly ifindex: number; readonly master: number }[] {
  return links.flatMap((link) => {
    const base = link.lower === undefined ? undefined : below(link.lower);
    return base === undefined || vrfOf(base) === vrfOf(link) ? [] : [{ ifindex: link.ifindex, master: vrfOf(base) }];
  });
}

function taken(name: string, below: Link): Error {
  const text = `EEXIST: ${name} on ${below.name}: there is an interface of that name`;
  return Object.assign(new Error(text), { code: 'EEXIST', errno: 17, syscall: 'netlink' });
}

export class VirtualInterfaces {
  readonly #made = new Set<string>();
  /** Being taken away by us: it need not be made again. */
  #removing: string | undefined;

  readonly #linkLocals: LinkLocals;

  constructor(readonly tools: VirtualInterfacesOptions) {
    this.#linkLocals = new LinkLocals(tools.netlink, tools.interfaces, tools.log);
  }

  /** False: it could not be made, which was logged. */
  create(wish: Wish, instance: Instance): boolean {
    const { log, interfaces } = this.tools;
    const { settings, base } = wish;
    const name = settings.name ?? '';
    const below = interfaces().byName(base);
    if (below === undefined) {
      log('warning', `(${wish.instance}): cannot create ${WORDS[settings.kind]} interface ${name}: ${base} does not exist`);
      return false;
    }
    try {
      this.#make(wish, instance, below);
      return true;
    } catch (error) {
      if (!isSystemError(error)) throw error;
      // What it stands on was just deleted, which is reported by itself.
      const level = hasCode(error, 'ENODEV') ? 'debug' : 'error';
      log(level, `(${wish.instance}): Unable to create ${WORDS[settings.kind]} interface ${name}: ${error.message}`);
      this.#unmake(name);
      return false;
    }
  }

  #make(wish: Wish, instance: Instance, below: Link): void {
    const { netlink, interfaces, firewall, undoJournal, log, refresh } = this.tools;
    const { settings } = wish;
    const name = settings.name ?? '';
    this.#clearWay(name, below);
    undoJournal.making('links', name);
    this.#made.add(name);
    netlink.change(addStackedLink(this.#description(settings, instance, below)), `create ${name} on ${below.name}`);
    refresh();
    const made = interfaces().byName(name);
    if (made === undefined) {
      throw Object.assign(new Error(`ENODEV: ${name} was made and is not there`), { code: 'ENODEV', errno: 19, syscall: 'netlink' });
    }
    log('debug', `(${wish.instance}): Success creating ${WORDS[settings.kind]} interface ${name}`);
    if (settings.kind === 'vmac') {
      this.#write(`net/ipv6/conf/${name}/addr_gen_mode`, NO_OWN_ADDRESSES);
      this.#settle(name, below.name, instance.family);
    } else if (instance.family === 'inet') {
      this.#write(`net/ipv6/conf/${name}/disable_ipv6`, '1');
    }
    netlink.change(changeLink({ ifindex: made.ifindex, up: true }), `set ${name} up`);
    this.#giveAddress(settings, made, below, instance.family);
    if (settings.kind === 'vmac') firewall.addMacvlan(name, instance.family, made.ifindex, below.ifindex);
    this.#announceBelow(settings, below);
    refresh();
  }

  /** In the group of what it stands on, for the sake of firewall rules, and in its VRF. */
  #description(settings: VirtualInterface, instance: Instance, below: Link): Parameters<typeof addStackedLink>[0] {
    const kind =
      settings.kind === 'vmac'
        ? ({ kind: 'macvlan', mac: settings.mac ?? virtualMac(instance), ...this.#broadcasts(below) } as const)
        : ({ kind: 'ipvlan', mode: settings.mode ?? 'bridge' } as const);
    const group = settings.group ?? below.group;
    return {
      name: settings.name ?? '',
      base: below.ifindex,
      kind,
      ...(group === undefined ? {} : { group }),
      ...(below.masterKind === 'vrf' && below.master !== undefined ? { master: below.master } : {}),
    };
  }

  /** The last macvlan that is made decides for all of its interface. */
  #broadcasts({ ifindex }: Link): { readonly broadcastQueueLength: number; readonly broadcastCutoff: number } {
    const receivers = [...this.#made].filter((name) => this.tools.interfaces().byName(name)?.lower === ifindex).length + 1;
    const broadcastCutoff = receivers <= DIRECT_RECEIVERS_MAX ? NO_QUEUE : DIRECT_RECEIVERS_MAX;
    return { broadcastQueueLength: BROADCAST_QUEUE_LENGTH, broadcastCutoff };
  }

  /** netlink_notify_msg: the kernel does not report that what is below became promiscuous. Setting its group to the same value makes it. */
  #announceBelow({ netlinkNotify, group: _, ...settings }: VirtualInterface, below: Link): void {
    if (netlinkNotify === true && settings.kind === 'vmac') {
      this.tools.netlink.change(changeLink({ ifindex: below.ifindex, group: below.group ?? 0 }), `tell of ${below.name}`);
    }
  }

  /** One that a crashed run left, or whose parent is another now, goes first. */
  #clearWay(name: string, below: Link): void {
    const there = this.tools.interfaces().byName(name);
    if (there === undefined) return;
    if (there.kind !== 'macvlan' && there.kind !== 'ipvlan') throw taken(name, below);
    this.#delete(there);
  }

  /** Together with the news of it. */
  #delete({ name, ifindex }: Link): void {
    this.#removing = name;
    try {
      this.tools.netlink.change(deleteLink(ifindex), `remove ${name}`);
      this.tools.refresh();
    } catch (error) {
      // Another program was faster.
      if (!hasCode(error, 'ENODEV')) throw error;
    } finally {
      this.#removing = undefined;
    }
  }

  isRemoving(name: string): boolean {
    return this.#removing === name;
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
    this.tools.undoJournal.change([
      [`net/ipv4/conf/${base}/arp_ignore`, '1'],
      [`net/ipv4/conf/${base}/arp_filter`, '1'],
    ]);
    this.#moveReversePathFilter(name);
    this.#write(`net/ipv4/conf/${name}/rp_filter`, '0');
  }

  /** The kernel takes the stricter of `all` and the interface's own: what `all` asks for goes to each, so that ours can be without. */
  #moveReversePathFilter(except: string): void {
    const all = Number(readSetting('net/ipv4/conf/all/rp_filter') ?? 0);
    if (all === 0) return;
    const others = this.tools
      .interfaces()
      .all()
      .map(({ name }) => name);
    const weaker = ['default', ...others.filter((one) => one !== except && !this.#made.has(one))]
      .map((name) => `net/ipv4/conf/${name}/rp_filter`)
      .filter((path) => Number(readSetting(path) ?? all) < all);
    this.tools.undoJournal.change([...weaker.map((path) => [path, String(all)] as const), ['net/ipv4/conf/all/rp_filter', '0']]);
  }

  /** An ipvlan may have an address of its own; other interfaces of IPv6 need their parent's of the link. */
  #giveAddress(settings: VirtualInterface, made: Link, below: Link, family: VrrpInstance['family']): void {
    const { address, addressLength } = settings;
    if (settings.kind !== 'ipvlan' || address === undefined) {
      if (family === 'inet6') this.#linkLocals.watch(made, below.name);
      return;
    }
    const value: InterfaceAddress = {
      ifindex: made.ifindex,
      address,
      prefixLength: addressLength ?? (address.family === 'inet' ? 32 : 128),
      scope: AddressScope.global,
      flags: AddressFlag.noDad,
    };
    this.tools.netlink.change(addAddress(value), `give ${made.name} an address`);
  }

  /** Writes a setting of an interface that is removed with this run, so that no undoing is needed. */
  #write(path: string, value: string): void {
    if (readSetting(path) !== undefined) writeSetting(path, value);
  }

  remove(wish: Wish): void {
    const { settings, base, instance } = wish;
    const name = settings.name ?? '';
    this.tools.firewall.removeMacvlan(name);
    if (this.#unmake(name)) {
      this.tools.log('debug', `(${instance}) Success removing ${WORDS[settings.kind]} interface ${name}`);
      const below = this.tools.interfaces().byName(base);
      if (below !== undefined) this.#announceBelow(settings, below);
      this.tools.refresh();
    }
    if (this.#made.size === 0) this.restore();
  }

  /** Whether one that we made was there and is gone now. */
  #unmake(name: string): boolean {
    const there = this.#made.has(name) ? this.tools.interfaces().byName(name) : undefined;
    const ours = there?.kind === 'macvlan' || there?.kind === 'ipvlan';
    this.#made.delete(name);
    this.#linkLocals.forget(name);
    if (ours) this.#delete(there);
    this.tools.undoJournal.gone('links', name);
    return ours;
  }

  /** What is below may change its addresses, be put into a VRF or taken out of one at any time. @throws SystemError */
  follow(): void {
    this.#linkLocals.tend();
    const links = [...this.#made].map((name) => this.tools.interfaces().byName(name)).filter((link) => link !== undefined);
    for (const move of vrfMoves(links, (ifindex) => this.tools.interfaces().byIndex(ifindex))) {
      this.tools.netlink.change(changeLink(move), 'change the VRF of a virtual interface');
    }
  }

  /** Removes the interfaces that a killed run has left, but for those that are wanted. */
  removeLeft(wanted: ReadonlySet<string>): void {
    const { undoJournal, log } = this.tools;
    for (const name of undoJournal.left.links.filter((one) => !wanted.has(one))) {
      this.#made.add(name);
      if (this.#unmake(name)) log('info', `removed ${name}, which an earlier run left`);
    }
    if (wanted.size === 0) this.restore();
  }

  /** What macvlans need of the host, as it was before. */
  restore(): void {
    this.tools.undoJournal.restore((path) => path.includes('/conf/') && !path.endsWith('/promote_secondaries'));
  }
}
