// Opens the director of this network namespace: loads the datapath where it is missing, attaches to new interfaces, repairs
// what a dead writer left.
import { readdirSync } from 'node:fs';
import { isWeirError, WeirError } from '../../model/errors/weir-error.js';
import { IpsecPolicies } from '../../model/ipsec-policy.js';
import { native } from '../../sys/addon.js';
import { hasCode } from '../../sys/errno.js';
import { type LockWait, locked } from '../../sys/files/lock.js';
import { ipsecPolicies } from '../../sys/netlink/ipsec-policies.js';
import { Netlink } from '../../sys/netlink/netlink.js';
import type { InterfaceAddress } from '../../wire/rtnetlink-address.js';
import type { FirewallMode } from '../director.js';
import { Conf } from './abi.gen.js';
import { EbpfDirector, type OnServices, WRITER_WAIT_MS } from './ebpf-director.js';
import { EbpfReader } from './ebpf-reader.js';
import { AttachedInterfaces, type XdpWish } from './load/attached-interfaces.js';
import { parseAttachmentPin } from './load/attachments.js';
import type { ReportChange } from './load/datapath-change.js';
import { exchangePrograms } from './load/exchange.js';
import { followFirewall, hasFirewallTables, leadsBack } from './load/firewall-path.js';
import { type AttachMode, attachModeOf, setAttachMode, wantsXdp } from './load/hook-choice.js';
import { isLoaded, programKinds } from './load/load.js';
import { isLoadedElsewhere } from './load/loaded-elsewhere.js';
import { followMarks } from './load/mark-path.js';
import { finishMoves } from './load/moves.js';
import type { Capacity } from './load/object.js';
import { ensurePair } from './load/pair.js';
import { isXdpRefused } from './load/refused-xdp.js';
import { resize } from './load/resize.js';
import { retryShortCuts } from './load/side-builds.js';
import { finishTakeover, takeOver } from './load/takeover.js';
import { ensureUdevRule } from './load/udev-rule.js';
import { loadUnlessRefused } from './load/xdp.js';
import { BPFFS_PLACE, Bpffs } from './pins/bpffs.js';
import { Dirty, recover } from './recovery/batch.js';
import { coverSwitch, modeBesideSwitch } from './switch/switch-programs.js';
import { anyPassesFirewall, asksFirewall, pairHasIpv6, setFirewallMode } from './table/firewall.js';
import { correctMarks, ownBy, wrongLocalMarks, wrongPolicyMarks } from './table/host-marks.js';
import { layoutNames, layoutOf, mapsOfOtherLayout } from './table/layout.js';
import { hasMarks } from './table/marks.js';
import { sizesOf } from './table/table-sizes.js';
import { LAST_PINNED, MAPPED_PINS, Tables } from './table/tables.js';
import { ifFree, type ReadWait } from './whole-read.js';

/** `onWait`: gets a line, too, where the command goes on without something that this kernel refuses. */
export interface OpenOptions extends LockWait, OnServices {
  /** Load the datapath where it is missing (default); false: throw instead. */
  readonly load?: boolean;
  /** Sizes: of a datapath that is loaded now, or of a loaded one (load/resize.ts). */
  readonly capacity?: Partial<Capacity>;
  /** Tables of the build before become this build's (load/takeover.ts); default: they are refused. */
  readonly takeOver?: boolean;
  /** How interfaces are attached from now on. */
  readonly attach?: AttachMode;
  /** Whether new connections pass the host's packet filter from now on. */
  readonly firewall?: FirewallMode;
  /** XDP is tried again where this kernel or an interface refused it (load/refused-xdp.ts). */
  readonly retryXdp?: boolean;
  /** Gets what the opening changes: nothing, most of the time. */
  readonly report?: ReportChange;
}

/** Runs `work` as the only writer of this namespace. @throws WeirError lock-busy */
export function asWriter<T>(lockPath: string, wait: LockWait, work: () => T): T {
  return locked(lockPath, { waitMs: WRITER_WAIT_MS, ...wait }, work);
}

function checkVersion(tables: Tables): void {
  const tablesOf = layoutOf(tables);
  if (tablesOf === 'none') throw new WeirError('pins-damaged');
  if (tablesOf === 'before') throw new WeirError('datapath-build-before', { maps: mapsOfOtherLayout(tables) });
  if (tablesOf === 'taken-over') throw new WeirError('takeover-elsewhere', { layouts: layoutNames(tables) });
  if (tablesOf === 'other-build')
    throw new WeirError('datapath-other-build', { maps: mapsOfOtherLayout(tables), layouts: layoutNames(tables) });
}

/** Removed by hand: without them the programs that are attached would go on with tables that no command reaches. @throws WeirError pin-missing */
function checkPins(folder: string, present: boolean): void {
  const pins = readdirSync(folder);
  const isAttached = pins.some((name) => parseAttachmentPin(name) !== undefined);
  const missing = present ? MAPPED_PINS.find((name) => !pins.includes(name)) : isAttached ? LAST_PINNED : undefined;
  if (missing !== undefined) throw new WeirError('pin-missing', { path: `${folder}/${missing}` });
}

interface Prepared {
  readonly tables: Tables;
  readonly addresses: readonly InterfaceAddress[];
}

/** Loads where needed; updates attached interfaces and local marks; repairs the table after a writer's death. */
function prepare(options: OpenOptions, bpffs: Bpffs): Prepared {
  // The folder is made under the lock: another process may be unloading.
  const folder = bpffs.folder();
  // Pins without the magic number: a process that unloaded the datapath was killed before it had removed them.
  const present = isLoaded(folder) && new Tables(folder).conf.get(0, Conf.magic) !== 0;
  if (!present && options.load === false) throw new WeirError('datapath-not-loaded');
  const { report = () => {}, onWait = () => {}, retryXdp = false } = options;
  // What this command finds refused it does not try again.
  const wasRefused = present && isXdpRefused(folder);
  const netlink = new Netlink();
  try {
    checkPins(folder, present);
    if (!present && isLoadedElsewhere(netlink)) throw new WeirError('datapath-elsewhere', { place: BPFFS_PLACE });
    if (!present) loadUnlessRefused(folder, options.capacity, { kinds: programKinds(wantsXdp(netlink, options.attach ?? 'auto')) }, onWait);
    let tables = new Tables(folder);
    let interfaces = new AttachedInterfaces(folder, tables, netlink, report, onWait);
    const begins = options.takeOver === true && layoutOf(tables) === 'before';
    if (!begins) checkVersion(tables);
    const taken = begins ? takeOver({ folder, tables, interfaces }) : finishTakeover({ folder, tables, interfaces });
    if (taken !== undefined) report({ kind: 'taken-over', moved: taken.connections });
    const finished = present ? finishMoves({ folder, tables, interfaces }) : [];
    for (const moved of finished) report({ kind: 'move-finished', ...moved });
    const resized = present ? resize({ folder, tables, interfaces }, options.capacity ?? {}) : undefined;
    if (resized?.kind === 'loaded') {
      tables = new Tables(folder);
      interfaces = new AttachedInterfaces(folder, tables, netlink, report, onWait);
    }
    if (!present || resized?.kind === 'loaded') report({ kind: 'loaded', ...sizesOf(tables) });
    if (resized?.kind === 'resized') for (const table of resized.tables) report({ kind: 'resized', ...table });
    if (resized?.kind === 'resized' && resized.tables.length === 0)
      report({ kind: 'listed-size', size: 2 ** tables.conf.get(0, Conf.connTabBits) });
    const rule = present && options.report === undefined ? undefined : ensureUdevRule(bpffs);
    if (rule !== undefined) report({ kind: 'udev-rule', path: rule });
    // Under the lock: a listing must not mix these tables with those of a later load.
    tables.mapAll();
    if (options.firewall !== undefined) setFirewallMode(tables, options.firewall);
    const { near, far } = ensurePair(netlink, pairHasIpv6(tables), report);
    tables.conf.set(0, Conf.pairIfindex, near);
    tables.conf.set(0, Conf.pairPeerIfindex, far);
    // A mode that this command asks for must be possible. With the mode of an earlier command, a new interface may have tc alone.
    const retry: XdpWish = retryXdp ? { retry: wasRefused ? 'all' : 'interfaces' } : {};
    const wish = { strict: options.attach !== undefined, ...retry };
    const addresses = interfaces.refresh(modeBesideSwitch(folder, options.attach, attachModeOf(tables)), wish);
    if (options.attach !== undefined) setAttachMode(tables, options.attach);
    coverSwitch(tables);
    const dirty = tables.conf.get(0, Conf.dirty);
    recover(tables);
    if (dirty !== Dirty.none) report({ kind: 'repaired', what: dirty === Dirty.batch ? 'batch' : 'change' });
    const rules = hasMarks(tables) ? followMarks(netlink, interfaces, onWait) : 0;
    if (rules > 0) report({ kind: 'mark-rules', count: rules });
    openFirewallPath(netlink, interfaces, options);
    const isOwn = ownBy(addresses);
    const marked = correctMarks(tables, wrongLocalMarks(tables, isOwn));
    if (marked > 0) report({ kind: 'local-marked', count: marked });
    const policed = correctMarks(tables, wrongPolicyMarks(tables, new IpsecPolicies(ipsecPolicies(), isOwn)));
    if (policed > 0) report({ kind: 'policy-marked', count: policed });
    return { tables, addresses };
  } finally {
    netlink.close();
  }
}

/** `weir load` makes all of it again, other commands what is missing. */
function openFirewallPath(netlink: Netlink, interfaces: AttachedInterfaces, { report, firewall, onWait = () => {} }: OpenOptions): void {
  const { tables } = interfaces;
  const passed = anyPassesFirewall(tables);
  if (!asksFirewall(tables) && !passed && firewall === undefined) return;
  const isWhole = passed && asksFirewall(tables) && hasFirewallTables(tables) && leadsBack(netlink, tables);
  if (report === undefined && isWhole) return;
  const passes = followFirewall(netlink, interfaces, onWait);
  if (passes && passed && !isWhole) report?.({ kind: 'firewall-restored' });
  if (passes !== passed || (firewall !== undefined && firewall !== 'auto')) report?.({ kind: 'firewall', passes });
}

/**
 * The director of this network namespace.
 * @throws WeirError datapath-not-loaded, datapath-build-before, …; lock-busy, SystemError (EPERM without root), WeirError of what is missing
 */
export function openDirector(options: OpenOptions = {}): EbpfDirector {
  const bpffs = Bpffs.ensure();
  const lock = bpffs.lockPath();
  const { tables, addresses } = asWriter(lock, options, () => prepare(options, bpffs));
  bpffs.sweep();
  return new EbpfDirector(tables, lock, addresses, options);
}

/** The tables that are pinned there, if they are all there and stay. @throws WeirError pins-damaged, datapath-other-build */
function mapped(folder: string): Tables | undefined {
  try {
    if (!isLoaded(folder)) return undefined;
    const tables = new Tables(folder);
    tables.mapAll();
    if (tables.conf.get(0, Conf.magic) === 0) return undefined;
    checkVersion(tables);
    return tables;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined; // it is being unloaded
    throw error;
  }
}

/**
 * The table of this network namespace, for reading beside writers. If the lock is free, it does what every command does: loads the
 * datapath, attaches to new interfaces, repairs. Otherwise it waits only where nothing is loaded yet.
 * @throws as openDirector; lock-busy only where nothing is loaded yet
 */
export function openReader({ load = true, ...wait }: ReadWait & Pick<OpenOptions, 'load'> = {}): EbpfReader {
  const bpffs = Bpffs.ensure();
  const lock = bpffs.lockPath();
  const alone = (): Tables => prepare({ ...wait, load }, bpffs).tables;
  const tables = ifFree(lock, 'exclusive', alone)?.value ?? mapped(bpffs.path()) ?? asWriter(lock, wait, alone);
  return new EbpfReader(tables, lock, { waitMs: WRITER_WAIT_MS, ...wait });
}

/**
 * The director of this network namespace where the datapath is loaded; elsewhere undefined, and nothing of a living namespace is touched.
 * @throws WeirError lock-busy, SystemError, Error as openDirector
 */
export function openIfLoaded(options: Omit<OpenOptions, 'load' | 'capacity'> = {}): EbpfDirector | undefined {
  const bpffs = Bpffs.find();
  if (bpffs?.cookies().includes(native().netnsCookie()) !== true) {
    bpffs?.sweep();
    return undefined;
  }
  try {
    return openDirector({ ...options, load: false });
  } catch (error) {
    if (isWeirError(error, 'datapath-not-loaded')) return undefined;
    throw error;
  }
}

/**
 * Replaces the programs of another build with the same tables by this build's. False: this build's run already.
 * @throws WeirError datapath-not-loaded, …; lock-busy, SystemError: the old programs go on then
 */
export function exchangeBuild(file?: string, wait: LockWait = {}): boolean {
  const bpffs = Bpffs.ensure();
  return asWriter(bpffs.lockPath(), wait, () => {
    const folder = bpffs.path();
    if (!isLoaded(folder)) throw new WeirError('datapath-not-loaded');
    const tables = new Tables(folder);
    checkVersion(tables);
    const netlink = new Netlink();
    try {
      const { onWait = () => {} } = wait;
      const interfaces = new AttachedInterfaces(folder, tables, netlink, undefined, onWait);
      finishTakeover({ folder, tables, interfaces });
      finishMoves({ folder, tables, interfaces });
      const exchanged = exchangePrograms(folder, tables, interfaces, file);
      if (!exchanged) retryShortCuts(tables, onWait);
      return exchanged;
    } finally {
      netlink.close();
    }
  });
}
