// The interfaces that the datapath is attached to. Every command attaches to those that came since the last one, and forgets those
// that went.

import { readdirSync, rmSync } from 'node:fs';
import { WeirError } from '../../../model/errors/weir-error.js';
import { native } from '../../../sys/addon.js';
import { ATTACH_TCX_EGRESS, ATTACH_TCX_INGRESS, ATTACH_XDP, Link as BpfLink, Program } from '../../../sys/bpf/bpf-objects.js';
import { hasCode } from '../../../sys/errno.js';
import type { Netlink } from '../../../sys/netlink/netlink.js';
import { swap32 } from '../../../wire/bytes.js';
import { macBytes } from '../../../wire/ethernet.js';
import { decodeInterfaceAddress, dumpAddresses, type InterfaceAddress } from '../../../wire/rtnetlink-address.js';
import { decodeLink, dumpLinks, type Link, LinkHardware } from '../../../wire/rtnetlink-link.js';
import { Abi, Interface } from '../abi.gen.js';
import type { Tables } from '../table/tables.js';
import { PROGRAMS } from './load.js';
import { PAIR } from './pair.js';

/** auto: tc everywhere, and XDP in front of it on physical devices. */
export type AttachMode = 'auto' | 'tc' | 'xdp';

const HOOKS = [
  ['ingress', ATTACH_TCX_INGRESS],
  ['egress', ATTACH_TCX_EGRESS],
  ['xdp', ATTACH_XDP],
] as const;
type Hook = (typeof HOOKS)[number][0];
const XDP_FLAGS_DRV_MODE = 4;
/** Where tcx is missing (Linux before 6.6): the place of our filter in clsact. */
const TC_HANDLE = 1;
const TC_PRIORITY = 49000;
const PORT_OF = new Set(['bridge', 'bond', 'team', 'openvswitch']);

/**
 * Not ports of a bridge or bond (their master is), nor interfaces without Ethernet frames. An interface that is down is attached, too: it
 * may come up again without another command.
 */
export function isAttachable(link: Link): boolean {
  if (link.name === PAIR.near || link.name === PAIR.far) return false;
  if (link.masterKind !== undefined && PORT_OF.has(link.masterKind)) return false;
  return link.hardware === LinkHardware.ethernet || link.hardware === LinkHardware.loopback;
}

/** The kernel redirects packets to a veth's other end only where that is in another namespace. */
function handsOver(link: Link): boolean {
  return link.kind === 'veth' && link.peerNamespace !== undefined;
}

/** Devices remove VLAN tags from frames before XDP sees them: below VLANs, XDP cannot know the VLAN of a frame. */
function carriesVlans(link: Link, links: readonly Link[]): boolean {
  return links.some(({ kind, lower }) => kind === 'vlan' && lower === link.ifindex);
}

function hooksOf(link: Link, links: readonly Link[], mode: AttachMode): readonly Hook[] {
  if (link.hardware === LinkHardware.loopback || mode === 'tc') return ['ingress', 'egress'];
  const physical = link.kind === undefined && !carriesVlans(link, links);
  return mode === 'xdp' || physical ? ['ingress', 'egress', 'xdp'] : ['ingress', 'egress'];
}

function pinOf(folder: string, ifindex: number, hook: Hook): string {
  return `${folder}/link_${ifindex}_${hook}`;
}

export interface AttachmentState {
  readonly ifindex: number;
  readonly name: string;
  readonly attached: readonly string[];
}

export class AttachedInterfaces {
  readonly #programs = new Map<Hook, Program>();

  constructor(
    readonly folder: string,
    readonly tables: Tables,
    readonly netlink: Netlink,
  ) {}

  /**
   * Attaches to new interfaces and updates their table. Returns the addresses that the namespace has. `strict`: a device that takes no
   * XDP program, though the mode wants one, is an error; otherwise it has tc alone.
   */
  refresh(mode: AttachMode, strict: boolean): readonly InterfaceAddress[] {
    const links = this.netlink.dump(dumpLinks(), decodeLink, 'list the interfaces');
    const addresses = this.netlink.dump(dumpAddresses(), decodeInterfaceAddress, 'list the addresses');
    const attachable = links.filter(isAttachable);
    try {
      const pins = new Set(readdirSync(this.folder));
      this.#forget(pins, attachable);
      for (const link of attachable) {
        if (!hooksOf(link, links, mode).includes('xdp')) this.#dropXdp(link, pins);
        const hooks = hooksOf(link, links, mode).filter((hook) => this.#attach(link, hook, pins, strict));
        this.#record(link, hooks.includes('xdp'), addresses);
      }
    } finally {
      this.#closePrograms();
    }
    return addresses;
  }

  /** The interfaces that can be attached, and what is attached to each. */
  states(): readonly AttachmentState[] {
    const pins = new Set(readdirSync(this.folder));
    const links = this.netlink.dump(dumpLinks(), decodeLink, 'list the interfaces');
    return links.filter(isAttachable).map(({ ifindex, name }) => {
      const attached = HOOKS.map(([hook]) => hook).filter(
        (hook) => pins.has(`link_${ifindex}_${hook}`) || pins.has(`clsact_${ifindex}_${hook}`),
      );
      return { ifindex, name, attached };
    });
  }

  /** Replaces the attached programs by the pinned ones. Each packet is processed by the one or the other. */
  exchange(): void {
    try {
      for (const name of readdirSync(this.folder)) {
        const [, kind, ifindex, hook] = /^(link|clsact)_(\d+)_(ingress|egress|xdp)$/.exec(name) ?? [];
        if (kind === 'link') this.#update(`${this.folder}/${name}`, hook as Hook);
        if (kind === 'clsact') this.#attachClsact(Number(ifindex), hook as Hook);
      }
    } finally {
      this.#closePrograms();
    }
  }

  /** Detaches the datapath from every interface. */
  detachAll(): void {
    for (const name of readdirSync(this.folder)) {
      const clsact = /^clsact_(\d+)_(ingress|egress)$/.exec(name);
      if (clsact !== null) this.#detachClsact(Number(clsact[1]), clsact[2] === 'egress');
      if (clsact !== null) rmSync(`${this.folder}/${name}`, { force: true });
      if (name.startsWith('link_')) this.#release(`${this.folder}/${name}`);
    }
  }

  #detachClsact(ifindex: number, egress: boolean): void {
    try {
      native().bpfTcDetach(ifindex, egress, TC_HANDLE, TC_PRIORITY);
    } catch (error) {
      if (!hasCode(error, 'ENOENT', 'ENODEV', 'EINVAL')) throw error;
    }
  }

  /** Interface numbers are used again: the pins of an interface that went must not count for the next one with its number. */
  #forget(pins: Set<string>, attachable: readonly Link[]): void {
    const present = new Set(attachable.map(({ ifindex }) => ifindex));
    for (const name of pins) {
      const ifindex = Number(/^(?:link|clsact)_(\d+)_/.exec(name)?.[1] ?? 0);
      if (ifindex === 0 || (present.has(ifindex) && !this.#isOrphan(name))) continue;
      rmSync(`${this.folder}/${name}`, { force: true });
      pins.delete(name);
      const record = ifindex % Abi.INTERFACES;
      if (this.tables.interfaces.get(record, Interface.ifindex) === ifindex) this.tables.interfaces.clear(record);
    }
  }

  /** Where another mode was requested before. */
  #dropXdp({ ifindex }: Link, pins: Set<string>): void {
    if (pins.delete(`link_${ifindex}_xdp`)) this.#release(pinOf(this.folder, ifindex, 'xdp'));
  }

  /** Removing the pin alone would detach the link only later: until then it would keep the next program out. */
  #release(path: string): void {
    const link = BpfLink.pinned(path);
    try {
      link.detach();
    } finally {
      link.close();
    }
    rmSync(path, { force: true });
  }

  #isOrphan(name: string): boolean {
    const clsact = /^clsact_(\d+)_(ingress|egress)$/.exec(name);
    if (clsact !== null) return !this.#hasFilter(Number(clsact[1]), clsact[2] === 'egress');
    if (!name.startsWith('link_')) return false;
    const link = BpfLink.pinned(`${this.folder}/${name}`);
    try {
      return link.info().ifindex === 0;
    } finally {
      link.close();
    }
  }

  #hasFilter(ifindex: number, egress: boolean): boolean {
    try {
      native().bpfTcQuery(ifindex, egress, TC_HANDLE, TC_PRIORITY);
      return true;
    } catch (error) {
      if (hasCode(error, 'ENOENT', 'ENODEV', 'EINVAL')) return false;
      throw error;
    }
  }

  #attach(link: Link, hook: Hook, pins: ReadonlySet<string>, strict: boolean): boolean {
    if (pins.has(`link_${link.ifindex}_${hook}`) || pins.has(`clsact_${link.ifindex}_${hook}`)) return true;
    const type = HOOKS.find(([name]) => name === hook)?.[1] ?? 0;
    try {
      const attached = this.#program(hook).attach(link.ifindex, type, hook === 'xdp' ? XDP_FLAGS_DRV_MODE : 0);
      try {
        attached.pin(pinOf(this.folder, link.ifindex, hook));
      } finally {
        attached.close();
      }
      return true;
    } catch (error) {
      if (hasCode(error, 'ENODEV')) return false; // it went while we looked
      if (hook === 'xdp') {
        // EBUSY, EEXIST: a foreign program is attached, which stays; the others: it has no XDP, or not in its present configuration.
        if (!strict && hasCode(error, 'EOPNOTSUPP', 'EBUSY', 'EEXIST', 'EINVAL', 'ERANGE')) return false;
        throw new WeirError('xdp-not-attached', { name: link.name, why: (error as Error).message }, { cause: error });
      }
      if (!hasCode(error, 'EINVAL')) throw error;
      this.#attachClsact(link.ifindex, hook);
      return true;
    }
  }

  /** Replaces a filter of ours that is there already. */
  #attachClsact(ifindex: number, hook: Hook): void {
    const pin = `${this.folder}/clsact_${ifindex}_${hook}`;
    try {
      native().bpfTcAttach(this.#program(hook).fd.number, ifindex, hook === 'egress', TC_HANDLE, TC_PRIORITY);
    } catch (error) {
      if (hasCode(error, 'ENODEV')) return; // it went while we looked
      throw error;
    }
    rmSync(pin, { force: true });
    this.#program(hook).pin(pin);
  }

  #update(path: string, hook: Hook): void {
    const link = BpfLink.pinned(path);
    try {
      link.update(this.#program(hook));
    } catch (error) {
      if (!hasCode(error, 'ENOLINK', 'ENODEV')) throw error; // its device went
    } finally {
      link.close();
    }
  }

  #closePrograms(): void {
    for (const program of this.#programs.values()) program.close();
    this.#programs.clear();
  }

  #program(hook: Hook): Program {
    let program = this.#programs.get(hook);
    if (program === undefined) {
      program = Program.pinned(`${this.folder}/${PROGRAMS[hook]}`);
      this.#programs.set(hook, program);
    }
    return program;
  }

  #record(link: Link, xdp: boolean, addresses: readonly InterfaceAddress[]): void {
    const { interfaces } = this.tables;
    const record = link.ifindex % Abi.INTERFACES;
    const loopback = link.hardware === LinkHardware.loopback;
    const own = addresses.find(({ ifindex, address }) => ifindex === link.ifindex && address.family === 'inet');
    const mac = link.mac === undefined ? new Uint8Array(6) : macBytes(link.mac);
    mac.forEach((byte, k) => {
      interfaces.set(record, Interface.mac, byte, k);
    });
    interfaces.set(
      record,
      Interface.flags,
      (xdp ? Abi.INTERFACE_XDP : 0) | (loopback ? Abi.INTERFACE_LOOPBACK : 0) | (handsOver(link) ? Abi.INTERFACE_PEER : 0),
    );
    interfaces.set(record, Interface.addr, swap32(own?.address.words[0] ?? 0));
    interfaces.set(record, Interface.ifindex, link.ifindex);
  }
}
