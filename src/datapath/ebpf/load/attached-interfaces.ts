// The interfaces that the datapath is attached to. Every command attaches to those that came since the last one, and forgets those
// that went.

import { readdirSync, rmSync } from 'node:fs';
import { WeirError } from '../../../model/errors/weir-error.js';
import { tcAloneText } from '../../../model/tc-alone.js';
import { native } from '../../../sys/addon.js';
import { ATTACH_TCX_EGRESS, ATTACH_TCX_INGRESS, ATTACH_XDP, Link as BpfLink, Program } from '../../../sys/bpf/bpf-objects.js';
import { hasCode, unlessCode } from '../../../sys/errno.js';
import { using } from '../../../sys/fd.js';
import type { Netlink } from '../../../sys/netlink/netlink.js';
import { policyRouting } from '../../../sys/netlink/policy-routing.js';
import { decodeInterfaceAddress, dumpAddresses, type InterfaceAddress } from '../../../wire/rtnetlink-address.js';
import { decodeLink, dumpLinks, type Link } from '../../../wire/rtnetlink-link.js';
import { Conf } from '../abi.gen.js';
import { pinInPlace } from '../pins/pin-in-place.js';
import { requiredPin } from '../pins/required-pin.js';
import { hasFirewallPath } from '../table/firewall.js';
import { hasMarks } from '../table/marks.js';
import type { Tables } from '../table/tables.js';
import {
  type AttachmentPin,
  HOOKS,
  type Hook,
  isAttached,
  parseAttachmentPin,
  TC_HANDLE,
  TC_PRIORITY,
  takesNoEgress,
} from './attachments.js';
import type { ReportChange } from './datapath-change.js';
import { returnToLinks } from './fullnat.js';
import { type AttachMode, hooksOf, isAttachable, isPairOfFirewall, isPairOfMarks, withoutXdp } from './hook-choice.js';
import {
  clearRecord,
  differencesOf,
  freePlace,
  type InterfaceRecord,
  isLayer3,
  isRecorded,
  leaveXdp,
  recordOf,
  writeRecord,
  writeWithoutPlace,
} from './interface-record.js';
import { PROGRAMS } from './load.js';
import {
  forgetInterfaceRefusal,
  forgetRefusalsBut,
  forgetXdpRefusal,
  interfaceRefusalPin,
  type OnNotice,
  refuseInterface,
  refusesXdp,
  whyNotAttached,
} from './refused-xdp.js';
import { recordSourceRules, sourceRulesChanged } from './source-rules.js';
import { ensureXdp } from './xdp.js';

const ATTACH_TYPES: Readonly<Record<Hook, number>> = { ingress: ATTACH_TCX_INGRESS, egress: ATTACH_TCX_EGRESS, xdp: ATTACH_XDP };
const XDP_FLAGS_DRV_MODE = 4;

function pinOf(folder: string, ifindex: number, hook: Hook): string {
  return `${folder}/link_${ifindex}_${hook}`;
}

/**
 * `strict`: a device that takes no XDP program, though the mode wants one, is an error; otherwise it has tc alone. `retry`: what is tried though it
 * was refused before, interfaces, or the program, too.
 */
export interface XdpWish {
  readonly strict?: boolean;
  readonly retry?: 'interfaces' | 'all';
}

/** Interfaces whose record was missing: now it is made, or it finds no place. */
interface Places {
  readonly made: Set<Link>;
  readonly withoutPlace: Set<Link>;
}

export class AttachedInterfaces {
  readonly #programs = new Map<Hook, Program>();
  /** Of a refresh: whether this kernel takes the program of XDP; undefined: no interface has needed it. */
  #takesXdp: boolean | undefined;
  /** Of a strict refresh: the first device that took no XDP. */
  #notAttached: WeirError | undefined;
  /** Numbers of those that refused XDP since this object was made. */
  readonly #refused = new Set<number>();

  constructor(
    readonly folder: string,
    readonly tables: Tables,
    readonly netlink: Netlink,
    readonly report: ReportChange = () => {},
    readonly onNotice: OnNotice = () => {},
  ) {}

  /**
   * Attaches to new interfaces and updates their table, and what the programs know of policy rules. Returns the addresses that the namespace has.
   * @throws WeirError xdp-not-attached: all the others are attached
   */
  refresh(mode: AttachMode, wish: XdpWish = {}): readonly InterfaceAddress[] {
    [this.#takesXdp, this.#notAttached] = [undefined, undefined];
    const links = this.netlink.dump(dumpLinks(), decodeLink, 'list the interfaces');
    const addresses = this.netlink.dump(dumpAddresses(), decodeInterfaceAddress, 'list the addresses');
    this.lookAtSourceRules();
    const attachable = links.filter(isAttachable);
    const near = hasMarks(this.tables) ? links.filter(isPairOfMarks) : [];
    // Until the next command after the packet filter was left: what it has accepted by then still comes.
    const far = hasFirewallPath(this.tables) ? links.filter(isPairOfFirewall) : [];
    try {
      const pins = new Set(readdirSync(this.folder));
      this.#forget(pins, links, [...attachable, ...near, ...far]);
      for (const link of near) this.#attach(link, 'egress', pins, wish);
      for (const link of far) this.#attach(link, 'ingress', pins, wish);
      this.tables.conf.set(0, Conf.layer3, attachable.some(isLayer3) ? 1 : 0);
      const { made, withoutPlace } = this.#findPlaces(attachable, addresses);
      let wantsXdp = false;
      for (const link of attachable) {
        // Without a record the programs would take packets without Ethernet headers for frames. Another build may have attached them.
        if (withoutPlace.has(link) && isLayer3(link)) {
          for (const hook of HOOKS) this.#detach(link, hook, pins);
          continue;
        }
        const wanted = hooksOf(link, links, mode);
        if (wanted.includes('xdp')) wantsXdp = true;
        else this.#leaveXdp(link, pins);
        const hooks = wanted.filter((hook) => this.#attach(link, hook, pins, wish));
        if (!withoutPlace.has(link)) this.#record(recordOf(link, hooks.includes('xdp'), addresses), link, made.has(link));
      }
      if (!wantsXdp) forgetXdpRefusal(this.folder);
      if (wish.strict && mode === 'xdp') for (const alone of withoutXdp(links, mode)) this.onNotice(tcAloneText(alone));
    } finally {
      this.#closePrograms();
    }
    if (this.#notAttached !== undefined) throw this.#notAttached;
    return addresses;
  }

  /** Makes true what the programs know of policy rules: also before programs are entered whose build may be the first that knows of them. */
  lookAtSourceRules(): void {
    for (const changed of sourceRulesChanged(this.tables, policyRouting(this.netlink))) {
      recordSourceRules(this.tables, changed);
      this.report({ kind: 'source-rules', ...changed });
    }
  }

  /** Attaches to weir's own device, where packets with a mark go by. */
  attachPair(): void {
    this.#attachEnd(isPairOfMarks, 'egress');
  }

  /** Attaches to its far end, where what the packet filter has accepted comes in. */
  attachPairToFirewall(): void {
    this.#attachEnd(isPairOfFirewall, 'ingress');
  }

  #attachEnd(isEnd: (link: Link) => boolean, hook: Hook): void {
    const links = this.netlink.dump(dumpLinks(), decodeLink, 'list the interfaces');
    try {
      const pins = new Set(readdirSync(this.folder));
      for (const link of links.filter(isEnd)) this.#attach(link, hook, pins);
    } finally {
      this.#closePrograms();
    }
  }

  /** Replaces the attached programs by the pinned ones. Each packet is processed by the one or the other. */
  exchange(): void {
    returnToLinks(this.folder); // before one of them sends packets on that come back
    try {
      for (const name of readdirSync(this.folder)) {
        const pin = parseAttachmentPin(name);
        if (pin?.hook === 'xdp') this.#updateXdp(name, pin);
        else if (pin?.kind === 'link') this.#update(`${this.folder}/${name}`, pin.hook);
        if (pin?.kind === 'clsact') this.#attachClsact(pin.ifindex, pin.hook);
      }
    } finally {
      this.#closePrograms();
    }
  }

  /** Detaches XDP alone. */
  detachXdp(): void {
    const attached = readdirSync(this.folder).flatMap((name) => {
      const pin = parseAttachmentPin(name);
      return pin?.hook === 'xdp' ? [{ name, pin }] : [];
    });
    for (const { pin } of attached) leaveXdp(this.tables.interfaces, pin.ifindex);
    for (const { name, pin } of attached) this.#remove(name, pin);
  }

  /** Detaches the datapath from every interface. */
  detachAll(): void {
    for (const name of readdirSync(this.folder)) {
      const pin = parseAttachmentPin(name);
      if (pin !== undefined) this.#remove(name, pin);
    }
  }

  /** What is attached there, and its pin. */
  #remove(name: string, { kind, ifindex, hook }: AttachmentPin): void {
    const path = `${this.folder}/${name}`;
    if (kind === 'link') this.#release(path);
    else {
      unlessCode(() => native().bpfTcDetach(ifindex, hook === 'egress', TC_HANDLE, TC_PRIORITY), ['ENOENT', 'ENODEV', 'EINVAL'], undefined);
      rmSync(path, { force: true });
    }
  }

  /**
   * Interface numbers are used again: the pins of an interface that went must not count for the next one with its number. One that is there, and
   * that programs have no more to do with (the port of a bridge, weir's own), loses them.
   */
  #forget(pins: Set<string>, links: readonly Link[], attachable: readonly Link[]): void {
    const names = new Map(attachable.map(({ ifindex, name }) => [ifindex, name]));
    const left = new Map(links.filter(({ ifindex }) => !names.has(ifindex)).map(({ ifindex, name }) => [ifindex, name]));
    const gone = new Set<number>();
    for (const name of pins) {
      const pin = parseAttachmentPin(name);
      if (pin === undefined || (names.has(pin.ifindex) && isAttached(this.folder, name))) continue;
      const leftName = left.get(pin.ifindex);
      const attached = leftName !== undefined && isAttached(this.folder, name);
      // An interface that came back from another namespace with another number still has our programs, which would keep themselves out.
      if (pin.kind === 'link' || attached) this.#remove(name, pin);
      else rmSync(`${this.folder}/${name}`, { force: true });
      pins.delete(name);
      clearRecord(this.tables.interfaces, pin.ifindex);
      if (attached) this.report({ kind: 'detached', name: leftName, hook: pin.hook });
      else if (!names.has(pin.ifindex)) gone.add(pin.ifindex);
    }
    forgetRefusalsBut(this.folder, new Set(names.keys()), pins);
    for (const ifindex of gone) this.report({ kind: 'forgotten', ifindex });
  }

  /** If it is attached. */
  #detach({ ifindex, name }: Link, hook: Hook, pins: Set<string>): void {
    for (const kind of ['link', 'clsact'] as const) {
      const pin = `${kind}_${ifindex}_${hook}`;
      if (!pins.delete(pin)) continue;
      this.#remove(pin, { kind, ifindex, hook });
      this.report({ kind: 'detached', name, hook });
    }
  }

  /** No mode wants it there any more. */
  #leaveXdp(link: Link, pins: Set<string>): void {
    this.#detach(link, 'xdp', pins);
    if (pins.has(interfaceRefusalPin(link.ifindex))) forgetInterfaceRefusal(this.folder, link.ifindex);
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

  #attach(link: Link, hook: Hook, pins: ReadonlySet<string>, wish: XdpWish = {}): boolean {
    if (pins.has(`link_${link.ifindex}_${hook}`) || pins.has(`clsact_${link.ifindex}_${hook}`)) return true;
    const attached = hook === 'xdp' ? this.#attachXdp(link, pins, wish) : this.#attachTc(link, hook, pins);
    if (attached) this.report({ kind: 'attached', name: link.name, hook });
    return attached;
  }

  #attachTc({ ifindex, name }: Link, hook: Hook, pins: ReadonlySet<string>): boolean {
    try {
      using(this.#program(hook).attach(ifindex, ATTACH_TYPES[hook]), (attached) => attached.pin(pinOf(this.folder, ifindex, hook)));
      return true;
    } catch (error) {
      if (hasCode(error, 'ENODEV')) return false; // it went while we looked
      if (!hasCode(error, 'EINVAL')) throw error;
      if (hook === 'egress' && takesNoEgress(ifindex, name, pins, this.onNotice)) return false;
      return this.#attachClsact(ifindex, hook);
    }
  }

  /** False: it goes by tc alone. */
  #attachXdp(link: Link, pins: ReadonlySet<string>, { strict = false, retry }: XdpWish): boolean {
    const known = pins.has(interfaceRefusalPin(link.ifindex));
    const tries = strict || (retry !== undefined && !this.#refused.has(link.ifindex));
    if (known && !tries && refusesXdp(this.folder, link)) return false;
    this.#takesXdp ??= ensureXdp(this.tables, this.onNotice, { retry: retry === 'all' });
    if (!this.#takesXdp) return false;
    const program = this.#program('xdp');
    let attached: BpfLink;
    try {
      attached = program.attach(link.ifindex, ATTACH_XDP, XDP_FLAGS_DRV_MODE);
    } catch (error) {
      if (hasCode(error, 'ENODEV')) return false; // it went while we looked
      const why = whyNotAttached(link, error);
      if (why === undefined) throw error;
      if (strict) this.#notAttached ??= new WeirError('xdp-not-attached', { name: link.name, why }, { cause: error });
      else this.#refuse(link, error);
      return false;
    }
    using(attached, () => attached.pin(pinOf(this.folder, link.ifindex, 'xdp')));
    if (known) forgetInterfaceRefusal(this.folder, link.ifindex);
    return true;
  }

  #refuse(link: Link, error: unknown): void {
    refuseInterface(this.folder, link, error, this.onNotice);
    this.#refused.add(link.ifindex);
  }

  /**
   * Replaces a filter of ours that is there already. False: the interface went. The pin comes first: killed in between, this leaves a pin without
   * its filter, which does not count, and no filter without a pin, which no command would find.
   */
  #attachClsact(ifindex: number, hook: Hook): boolean {
    const pin = `${this.folder}/clsact_${ifindex}_${hook}`;
    const program = this.#program(hook);
    pinInPlace(program, pin);
    try {
      native().bpfTcAttach(program.fd.number, ifindex, hook === 'egress', TC_HANDLE, TC_PRIORITY);
      return true;
    } catch (error) {
      if (hasCode(error, 'ENODEV')) return false; // it went while we looked
      throw error;
    }
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

  /** Updates a link of XDP; where the driver refuses the new program, it is removed, since the old one must not stay. */
  #updateXdp(name: string, pin: AttachmentPin): void {
    try {
      this.#update(`${this.folder}/${name}`, pin.hook);
    } catch (error) {
      const links = this.netlink.dump(dumpLinks(), decodeLink, 'list the interfaces');
      const link = links.find(({ ifindex }) => ifindex === pin.ifindex);
      if (link === undefined) throw error;
      const { xdpProgram: _ours, ...withoutProgram } = link;
      this.#refuse(withoutProgram, error);
      leaveXdp(this.tables.interfaces, pin.ifindex);
      this.#remove(name, pin);
    }
  }

  #closePrograms(): void {
    for (const program of this.#programs.values()) program.close();
    this.#programs.clear();
  }

  #program(hook: Hook): Program {
    let program = this.#programs.get(hook);
    if (program === undefined) {
      program = requiredPin(`${this.folder}/${PROGRAMS[hook]}`, Program.pinned);
      this.#programs.set(hook, program);
    }
    return program;
  }

  /**
   * Makes the records that are missing, before a program reads packets of their interfaces. What holds for interfaces whose record finds no
   * place is the strictest of their rp_filter.
   */
  #findPlaces(links: readonly Link[], addresses: readonly InterfaceAddress[]): Places {
    const { interfaces } = this.tables;
    const present = new Set(links.map(({ ifindex }) => ifindex));
    const places: Places = { made: new Set(), withoutPlace: new Set() };
    for (const link of links.filter(({ ifindex }) => !isRecorded(interfaces, ifindex))) {
      const place = freePlace(interfaces, link.ifindex, present);
      if (place !== undefined) writeRecord(interfaces, recordOf(link, false, addresses), place);
      (place === undefined ? places.withoutPlace : places.made).add(link);
    }
    writeWithoutPlace(
      interfaces,
      [...places.withoutPlace].map((link) => recordOf(link, false, addresses)),
    );
    for (const link of places.withoutPlace) this.report({ kind: 'unrecorded', name: link.name, covered: !isLayer3(link) });
    return places;
  }

  /** `made`: by this command, which is no change of its own: its interface is reported as attached. */
  #record(record: InterfaceRecord, { name }: Link, made: boolean): void {
    const { interfaces } = this.tables;
    const differences = differencesOf(interfaces, record);
    if (differences.length === 0) return;
    writeRecord(interfaces, record);
    if (!made) this.report({ kind: 'recorded', name, differences });
  }
}
