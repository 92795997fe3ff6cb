// A loaded datapath in a namespace of its own: a director to set up, and programs to send single frames through.
import { existsSync, rmdirSync } from 'node:fs';
import type { Director } from '../../src/datapath/director.js';
import { Conf, ConnSlot, Counters, Dest, Drops, Estimate, Service } from '../../src/datapath/ebpf/abi.gen.js';
import { EbpfDirector } from '../../src/datapath/ebpf/ebpf-director.js';
import { AttachedInterfaces } from '../../src/datapath/ebpf/load/attached-interfaces.js';
import { attachModeOf } from '../../src/datapath/ebpf/load/hook-choice.js';
import { PROGRAMS, removePins } from '../../src/datapath/ebpf/load/load.js';
import type { Capacity } from '../../src/datapath/ebpf/load/object.js';
import { ensureXdp } from '../../src/datapath/ebpf/load/xdp.js';
import { openDirector } from '../../src/datapath/ebpf/open.js';
import { Bpffs } from '../../src/datapath/ebpf/pins/bpffs.js';
import { REASONS } from '../../src/datapath/ebpf/reasons.gen.js';
import { IPV6_PINS, SIDE_PINS, type Tables } from '../../src/datapath/ebpf/table/tables.js';
import { Template } from '../../src/datapath/ebpf/template.gen.js';
import { WideAbi } from '../../src/datapath/ebpf/wide.gen.js';
import { native } from '../../src/sys/addon.js';
import { BpfMap, Program } from '../../src/sys/bpf/bpf-objects.js';
import { type Field, Records } from '../../src/sys/bpf/records.js';
import { Netlink } from '../../src/sys/netlink/netlink.js';
import { noNamespaces } from '../support/netns-bed.js';
import { ClientsMet } from './clients-met.js';
import type { DeviceName } from './fixtures/bed-addresses.js';
import type { Hook } from './fixtures/fixture.js';
import { FragmentTables } from './fragment-tables.js';
import { forgetFtp } from './ftp-maps.js';
import { KernelSettings } from './kernel-settings.js';
import { freshName, makeNamespace, removeNamespace } from './namespace.js';
import { OrderedLocalPorts } from './ordered-ports.js';
import { type Carriage, run, TC, XDP } from './run.js';
import type { Outcome } from './verdict.js';
import { withoutChance } from './without-chance.js';

export interface BedOptions {
  /** `xdp`: XDP is attached to every device as well. */
  readonly attach?: 'tc' | 'xdp';
  readonly capacity?: Partial<Capacity>;
}

/** Sums over all CPUs, as the datapath counts them (not the two-second snapshot that people see). */
export interface RawTotals {
  readonly conns: number;
  readonly inPackets: number;
  readonly outPackets: number;
  readonly inBytes: number;
  readonly outBytes: number;
}

export interface Bed {
  readonly name: string;
  /** Where the programs and tables are pinned. */
  readonly folder: string;
  readonly director: Director;
  readonly tables: Tables;
  /** `xdp`: XDP, and tc behind it where XDP passes the frame on, which it must leave untouched. */
  send(hook: Hook, device: DeviceName, frame: Uint8Array, carriage?: Partial<Carriage>): Outcome;
  limitLocalPorts(count: number): void;
  /** XDP alone. */
  sendXdp(device: DeviceName, frame: Uint8Array): Outcome;
  /** As the timers of the wide builds leave services that have no connections in their tables (asks-wide.test.ts). */
  askNoWide(): void;
  /** An empty director, as just loaded. */
  wipe(): void;
  /** Wipes it, and attaches the same programs and tables to every device as `openBed` does. */
  attach(mode: 'tc' | 'xdp'): void;
  totals(): RawTotals;
  /** Reasons that were counted since the last wipe. */
  drops(): Readonly<Record<string, number>>;
  /** Next hops are asked for again every second from now on, as outside of tests: XDP leaves such a packet to tc, which may send its clone and ARP. */
  letHopsAge(): void;
  /** As each command does: what the programs know of interfaces and policy rules is brought up to date. */
  lookAtInterfaces(): void;
  /** Until the next wipe. */
  readonly settings: KernelSettings;
  /** The connection table, one record a slot. */
  slots(): Records;
  /** The templates, one record a slot, to write to. */
  templates(): Records;
  /** A table of a side build, by its pin; undefined: it is not loaded. */
  sideTable(pin: string): ArrayBuffer | undefined;
  /** A pinned map, to write to. */
  memoryOf(pin: string): ArrayBuffer;
  /** Programs and the connection tables as they are pinned now: others took their place. */
  renew(): void;
  /** Does `work` with these programs, which were pinned at that moment. */
  through(programs: KeptPrograms, work: () => void): void;
  /** The programs as they are pinned now. The caller closes them. */
  keptPrograms(): KeptPrograms;
  /** Of lblc and lblcr, by `LocalityKey`. */
  readonly localities: BpfMap;
  readonly fragments: FragmentTables;
  close(): void;
}

/** By hook, opened. */
export type KeptPrograms = ReadonlyMap<Hook, Program>;

/** The reason is named, so that a run without root reports what it skipped. */
export const skipReason = noNamespaces;

function enter(name: string): void {
  const fd = native().open(`/run/netns/${name}`, 0);
  try {
    native().setns(fd);
  } finally {
    native().close(fd);
  }
}

/** Clock units. */
const FOR_EVER = 0x3fffffff;

const SMALL: Partial<Capacity> = { maxServices: 256, maxDestinations: 1024, connBuckets: 4096 };

class LoadedBed implements Bed {
  director: EbpfDirector;
  #programs = new Map<Hook, Program>();
  readonly #sideTables = new Map<string, ArrayBuffer>();
  #clean: Uint8Array;
  #conns: ArrayBuffer;
  readonly localities: BpfMap;
  readonly fragments: FragmentTables;
  readonly #hops: ArrayBuffer;
  readonly #clients = new ClientsMet();
  readonly #localPorts: OrderedLocalPorts;
  #templates: ArrayBuffer | undefined;
  readonly #freshFor: number;
  readonly #devices = new Map<DeviceName, number>();
  readonly settings = new KernelSettings(() => this.lookAtInterfaces());

  constructor(
    readonly name: string,
    readonly folder: string,
    readonly lockPath: string,
    options: BedOptions,
  ) {
    this.director = openDirector({ capacity: { ...SMALL, ...options.capacity }, attach: options.attach ?? 'tc' });
    this.#freshFor = this.tables.conf.get(0, Conf.freshFor);
    this.tables.conf.set(0, Conf.freshFor, FOR_EVER);
    this.#clean = this.#settings();
    this.#localPorts = new OrderedLocalPorts(folder);
    this.localities = BpfMap.pinned(`${folder}/localities`);
    this.fragments = new FragmentTables(folder);
    this.#conns = this.memoryOf('conns');
    this.#hops = this.memoryOf('client_hops');
    for (const device of ['front', 'back', 'lo'] as const) this.#devices.set(device, native().ifNameToIndex(device));
  }

  get tables(): Tables {
    return this.director.tables;
  }

  #settings(): Uint8Array {
    return new Uint8Array(this.tables.conf.memory.slice(0));
  }

  /** XDP's is loaded where no device has it. */
  #program(hook: Exclude<Hook, 'mark' | 'accepted'>): Program {
    const known = this.#programs.get(hook);
    if (known !== undefined) return known;
    if (hook === 'xdp') ensureXdp(this.tables, () => {});
    const program = Program.pinned(`${this.folder}/${PROGRAMS[hook]}`);
    this.#programs.set(hook, program);
    return program;
  }

  #closePrograms(): void {
    for (const program of this.#programs.values()) program.close();
    this.#programs.clear();
  }

  sideTable(pin: string): ArrayBuffer | undefined {
    const known = this.#sideTables.get(pin);
    if (known !== undefined || !existsSync(`${this.folder}/${pin}`)) return known;
    const table = this.memoryOf(pin);
    this.#sideTables.set(pin, table);
    return table;
  }

  renew(): void {
    this.#closePrograms();
    this.#sideTables.clear();
    this.#conns = this.memoryOf('conns');
  }

  keptPrograms(): KeptPrograms {
    const hooks = (['ingress', 'egress', 'xdp'] as const).filter((hook) => existsSync(`${this.folder}/${PROGRAMS[hook]}`));
    return new Map(hooks.map((hook) => [hook, Program.pinned(`${this.folder}/${PROGRAMS[hook]}`)]));
  }

  through(programs: KeptPrograms, work: () => void): void {
    const now = this.#programs;
    this.#programs = new Map(programs);
    try {
      work();
    } finally {
      this.#programs = now;
    }
  }

  memoryOf(name: string): ArrayBuffer {
    const map = BpfMap.pinned(`${this.folder}/${name}`);
    try {
      const { valueSize, maxEntries } = map.info();
      return map.mmap(Math.ceil(valueSize / 8) * 8 * maxEntries, true);
    } finally {
      map.close();
    }
  }

  #ifindex(device: DeviceName): number {
    return this.#devices.get(device) ?? 0;
  }

  /** FULLNAT: each local address has so many ports towards a server that is there. */
  limitLocalPorts(count: number): void {
    this.#localPorts.limit(count);
  }

  send(hook: Hook, device: DeviceName, frame: Uint8Array, carriage: Partial<Carriage> = {}): Outcome {
    if (hook === 'xdp') {
      const short = this.sendXdp(device, frame);
      if (short.verdict !== 'pass') return short;
      if (Buffer.compare(short.frame, frame) !== 0) throw new Error('XDP passed a frame on that it had changed');
    }
    this.#localPorts.begin();
    const program = this.#program(hook === 'egress' || hook === 'mark' ? 'egress' : 'ingress');
    const pair = { mark: Conf.pairIfindex, accepted: Conf.pairPeerIfindex } as Readonly<Record<string, Field | undefined>>;
    const own = pair[hook];
    const ifindex = own === undefined ? this.#ifindex(device) : this.tables.conf.get(0, own);
    const from = hook === 'egress' ? 0 : hook === 'accepted' ? ifindex : this.#ifindex(device);
    this.#clients.note(frame);
    const { code, frame: out } = run(native(), program.fd.number, 'tc', frame, { ifindex, ingressIfindex: from, ...carriage });
    const verdict = new Map<number, Outcome['verdict']>([
      [TC.redirect, 'redirect'],
      [TC.shot, 'drop'],
      [TC.unspec, 'pass'],
    ]).get(code);
    if (verdict === undefined) throw new Error(`tc answered ${code}`);
    return { verdict, frame: verdict === 'redirect' ? withoutChance(out) : out, kernelResolves: true };
  }

  letHopsAge(): void {
    this.tables.conf.set(0, Conf.freshFor, this.#freshFor);
  }

  sendXdp(device: DeviceName, frame: Uint8Array): Outcome {
    const ifindex = this.#ifindex(device);
    this.#clients.note(frame);
    const { code, frame: out } = run(native(), this.#program('xdp').fd.number, 'xdp', frame, { ifindex, ingressIfindex: ifindex });
    const verdict = new Map<number, Outcome['verdict']>([
      [XDP.redirect, 'redirect'],
      [XDP.tx, 'redirect'],
      [XDP.drop, 'drop'],
      [XDP.pass, 'pass'],
    ]).get(code);
    if (verdict === undefined) throw new Error(`XDP answered ${code}`);
    return { verdict, frame: verdict === 'redirect' ? withoutChance(out) : out, kernelResolves: false };
  }

  lookAtInterfaces(): void {
    const netlink = new Netlink();
    try {
      new AttachedInterfaces(this.folder, this.tables, netlink).refresh(attachModeOf(this.tables));
    } finally {
      netlink.close();
    }
  }

  askNoWide(): void {
    const { services } = this.tables;
    for (let id = 0; id < services.count; id++) services.set(id, Service.flags, services.get(id, Service.flags) & ~WideAbi.SVC_ASKS_WIDE);
  }

  wipe(): void {
    this.settings.restore();
    const { conf, services, dests, counters, estimates, endpoints, drops } = this.tables;
    const [serviceTop, destTop, cpus, maxServices] = [Conf.serviceTop, Conf.destTop, Conf.cpus, Conf.maxServices].map((f) =>
      conf.get(0, f),
    );
    const clear = ({ memory }: Records, bytes: number, from: number, to: number): Uint8Array =>
      new Uint8Array(memory, from * bytes, (to - from) * bytes).fill(0);
    new Uint8Array(this.#conns).fill(0);
    this.#clients.empty(this.tables, this.#hops, this.sideTable(IPV6_PINS.client_hops));
    for (const pin of [...SIDE_PINS.map(({ conns }) => conns), IPV6_PINS.templates]) {
      const table = this.sideTable(pin);
      if (table !== undefined) new Uint8Array(table).fill(0);
    }
    new Uint8Array(this.templates().memory).fill(0);
    clear(services, Service.bytes, 0, (serviceTop ?? 0) + 1);
    clear(dests, Dest.bytes, 0, (destTop ?? 0) + 1);
    clear(counters, Counters.bytes, 0, ((destTop ?? 0) + 1) * (cpus ?? 1));
    clear(estimates, Estimate.bytes, 0, (serviceTop ?? 0) + 1);
    clear(estimates, Estimate.bytes, maxServices ?? 0, (maxServices ?? 0) + (destTop ?? 0) + 1);
    new Uint8Array(endpoints.memory).fill(0);
    clear(drops, Drops.bytes, 0, drops.count);
    this.#forgetLocalities();
    this.fragments.empty();
    forgetFtp(this.folder);
    this.#localPorts.forget();
    this.#restoreConf();
    this.director = new EbpfDirector(this.tables, this.lockPath, this.director.addresses);
  }

  attach(mode: 'tc' | 'xdp'): void {
    this.wipe();
    this.director.close();
    this.director = openDirector({ attach: mode });
    this.#clean = this.#settings();
  }

  #forgetLocalities(): void {
    for (const key of [...this.localities.keys()]) this.localities.delete(key);
  }

  /** All of it but the clock, which the timer keeps. */
  #restoreConf(): void {
    const memory = new Uint8Array(this.tables.conf.memory);
    const from = Conf.jiffiesAt.at;
    const to = Conf.swept.at + 8;
    memory.set(this.#clean.subarray(0, from), 0);
    memory.set(this.#clean.subarray(to, Conf.bytes), to);
  }

  totals(): RawTotals {
    const { counters, conf } = this.tables;
    const lines = (conf.get(0, Conf.destTop) + 1) * conf.get(0, Conf.cpus);
    const sum = (field: Field): number => {
      let total = 0;
      for (let line = 0; line < lines; line++) total += Number(counters.big(line, field));
      return total;
    };
    const { conns, inPackets, outPackets, inBytes, outBytes } = Counters;
    return {
      conns: sum(conns),
      inPackets: sum(inPackets),
      outPackets: sum(outPackets),
      inBytes: sum(inBytes),
      outBytes: sum(outBytes),
    };
  }

  drops(): Readonly<Record<string, number>> {
    const { drops } = this.tables;
    const found: Record<string, number> = {};
    REASONS.forEach(({ key }, reason) => {
      let count = 0;
      for (let cpu = 0; cpu < drops.count; cpu++) count += Number(drops.big(cpu, Drops.count, reason));
      if (count > 0) found[key] = count;
    });
    return found;
  }

  templates(): Records {
    this.#templates ??= this.memoryOf('templates');
    return new Records(this.#templates, Template.bytes);
  }

  slots(): Records {
    return new Records(this.#conns, ConnSlot.bytes);
  }

  close(): void {
    this.director.close();
    this.#closePrograms();
    this.localities.close();
    this.fragments.close();
    removePins(this.folder);
    rmdirSync(this.folder);
    removeNamespace(this.name);
  }
}

/** Makes the namespace, moves this process into it and loads the datapath. One bed at a time. */
export function openBed(options: BedOptions = {}): Bed {
  const name = freshName();
  makeNamespace(name);
  enter(name);
  const bpffs = Bpffs.ensure();
  return new LoadedBed(name, bpffs.folder(), bpffs.lockPath(), options);
}

/** Closes the bed after `work`. */
export async function inBed(work: (bed: Bed) => Promise<void> | void, bed: Bed = openBed()): Promise<void> {
  try {
    await work(bed);
  } finally {
    bed.close();
  }
}
