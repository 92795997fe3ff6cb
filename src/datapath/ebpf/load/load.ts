// Brings the datapath into a network namespace: loads the object, checks it (self-check.ts), pins maps and programs, starts the timer.
// Killed half way it leaves pins without the last one, and the next command starts over.

import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { WeirError } from '../../../model/errors/weir-error.js';
import { native } from '../../../sys/addon.js';
import { artifact } from '../../../sys/artifact.js';
import { type BpfMap, ObjectFile, Program } from '../../../sys/bpf/bpf-objects.js';
import { Records } from '../../../sys/bpf/records.js';
import { systemClock } from '../../../sys/clock.js';
import { hasCode } from '../../../sys/errno.js';
import { Abi, Conf } from '../abi.gen.js';
import { LAYOUT } from '../layouts.gen.js';
import { unitsOf } from '../table/clock.js';
import { pinLayouts } from '../table/layout.js';
import { initSysctls } from '../table/sysctls.js';
import { FTP_PORTS_PIN, LAST_PINNED, PINNED_MAPS, SETTINGS_PIN, Tables } from '../table/tables.js';
import { DEFAULT_TIMEOUTS, TCP_TIMEOUT_SECONDS } from '../table/timeouts.js';
import { buildPin } from './build-pin.js';
import { configuredHz, nearestHz } from './hz.js';
import { copySettings, forgetSettings, keptSettings, sizesIn } from './kept-settings.js';
import { type Capacity, configure, defaultCapacity, loadObject, type Sizes, sizesOf } from './object.js';
import { selfCheck } from './self-check.js';
import { type LinkVector, makeVectors } from './vectors/ipv4.js';

/** Used until the rate is measured, where the kernel's configuration cannot be read. */
const LIKELY_HZ = 250;

export const PROGRAMS = {
  xdp: 'weir_xdp',
  ingress: 'weir_tc_ingress',
  egress: 'weir_tc_egress',
  housekeeping: 'weir_housekeeping',
} as const;
export type ProgramKind = keyof typeof PROGRAMS;

/** Every namespace needs these; XDP's comes with the first interface that has it (xdp.ts), since the verifier takes long. */
const ALWAYS_LOADED: readonly ProgramKind[] = ['ingress', 'egress', 'housekeeping'];

/** The programs of the object on the links that are loaded. `xdp`: with XDP's. */
export function programKinds(xdp: boolean): readonly ProgramKind[] {
  return xdp ? [...ALWAYS_LOADED, 'xdp'] : ALWAYS_LOADED;
}

/** Is XDP's program loaded in this namespace? `folder`: of its pins. */
export const isXdpLoaded = (folder: string): boolean => existsSync(`${folder}/${PROGRAMS.xdp}`);

/** Leaves all other programs out of an object that is not loaded yet. */
export function choosePrograms(object: ObjectFile, kinds: readonly ProgramKind[]): void {
  for (const [kind, name] of Object.entries(PROGRAMS)) if (!kinds.includes(kind as ProgramKind)) object.autoload(name, false);
}

function writeConf(conf: Records, capacity: Capacity, sizes: Sizes, keys: readonly Uint8Array[]): void {
  const set = (values: Partial<Record<keyof typeof Conf, number>>): void => {
    for (const [name, value] of Object.entries(values)) conf.set(0, Conf[name as Exclude<keyof typeof Conf, 'bytes'>], value);
  };
  set({ connTabBits: capacity.connTabBits, connBuckets: sizes.buckets, cpus: sizes.cpus, endpointBuckets: sizes.endpointBuckets });
  set({ templates: sizes.templates });
  set({ maxServices: capacity.maxServices, maxDests: capacity.maxDestinations, order: 1 });
  initSysctls(conf);
  keys.forEach((key, i) => {
    conf.setBig(0, Conf.hashKey, new DataView(key.buffer, key.byteOffset).getBigUint64(0, true), i);
  });
}

/** Sets the fields that depend on the rate of jiffies. */
function setTimes(conf: Records, hz: number): void {
  conf.set(0, Conf.hz, hz);
  conf.set(0, Conf.freshFor, unitsOf(1, hz));
  TCP_TIMEOUT_SECONDS.forEach((seconds, state) => {
    conf.set(0, Conf.tcpTimeout, unitsOf(seconds, hz), state);
  });
  conf.set(0, Conf.udpTimeout, unitsOf(DEFAULT_TIMEOUTS.udp, hz));
}

/** What the program returns where the kernel made no timer: it takes the memory without waiting, so there may be none at that moment. */
const TIMER_NOT_MADE = 2;
const TIMER_TRIES = 100;

/** Runs the housekeeping program: it starts its timer and sets the clock. @throws WeirError timer-not-started */
export function runHousekeeping(program: Program): void {
  for (let tries = TIMER_TRIES; ; tries--) {
    const { retval } = program.test({ data: new Uint8Array(64) });
    if (retval === 0) return;
    if (retval !== TIMER_NOT_MADE || tries === 0) throw new WeirError('timer-not-started', { step: retval });
    systemClock.sleep(1);
  }
}

function measuredHz(program: Program, conf: Records): number {
  const [jiffies, ns] = [conf.big(0, Conf.jiffiesAt), conf.big(0, Conf.ktimeAt)];
  systemClock.sleep(60);
  runHousekeeping(program);
  return nearestHz(conf.big(0, Conf.jiffiesAt) - jiffies, conf.big(0, Conf.ktimeAt) - ns);
}

/** Is the datapath loaded completely? Its last pin decides. `folder`: of its pins. @throws SystemError */
export function isLoaded(folder: string): boolean {
  try {
    native().close(native().bpfObjGet(`${folder}/${LAST_PINNED}`));
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
}

/** Removes all pins of a folder, and with the last ones what they hold. `kept`: the names of those that stay. */
export function removePins(folder: string, ...kept: readonly string[]): void {
  for (const name of readdirSync(folder)) if (!kept.includes(name)) rmSync(`${folder}/${name}`, { force: true });
}

/** What is tried of an object: some of its programs, on packets; default: all. */
export interface Trial {
  readonly kinds?: readonly ProgramKind[];
  readonly vectors?: readonly LinkVector[];
}

/** Loads an object onto tables of its own, and fills in their `conf`. @throws WeirError kernel-refuses-datapath */
export function loadAlone(object: ObjectFile, capacity: Capacity, sizes: Sizes, keys: readonly Uint8Array[]): Tables {
  configure(object, capacity, sizes, keys);
  loadObject(object);
  const tables = new Tables('', (name) => object.map(name));
  writeConf(tables.conf, capacity, sizes, keys);
  setTimes(tables.conf, configuredHz() ?? LIKELY_HZ);
  return tables;
}

/**
 * Loads programs of an object and checks them. Its own tables are zero afterwards.
 * @throws WeirError kernel-refuses-datapath, self-check-failed (a result of `vectors` is wrong)
 */
export function loadTried(
  object: ObjectFile,
  capacity: Capacity,
  sizes: Sizes,
  keys: readonly Uint8Array[],
  { kinds = programKinds(true), vectors = makeVectors() }: Trial = {},
): void {
  choosePrograms(object, kinds);
  const tables = loadAlone(object, capacity, sizes, keys);
  const concerned = vectors.filter(({ program }) => kinds.includes(program));
  selfCheck(object, tables, PROGRAMS, concerned);
}

/** `file`: the object. */
export interface LoadOptions extends Trial {
  readonly file?: string;
}

/**
 * Loads the object file into the folder of this namespace. Where a load with other sizes did not come to its end, it begins with the settings
 * and the sizes that were. The caller holds its lock.
 * @throws as loadTried
 */
export function load(folder: string, chosen: Partial<Capacity> = {}, options: LoadOptions = {}): Tables {
  const { file = artifact('weir.bpf.o'), kinds = programKinds(true), vectors = makeVectors() } = options;
  const kept = keptSettings(folder);
  const capacity = { ...defaultCapacity(native().possibleCpus()), ...(kept && sizesIn(kept, chosen)), ...chosen };
  removePins(folder, SETTINGS_PIN, ...(kept === undefined ? [] : [FTP_PORTS_PIN]));
  const sizes = sizesOf(capacity);
  const keys = [randomBytes(8), randomBytes(8), randomBytes(8)].map((bytes) => new Uint8Array(bytes));
  const object = new ObjectFile(file);
  try {
    loadTried(object, capacity, sizes, keys, { kinds, vectors });
    const pin = (thing: BpfMap | Program, name: string): void => {
      thing.pin(`${folder}/${name}`);
      thing.close();
    };
    for (const name of PINNED_MAPS.filter((name) => name !== LAST_PINNED)) pin(object.map(name), name);
    for (const kind of kinds) pin(object.program(PROGRAMS[kind]), PROGRAMS[kind]);
    pin(object.program(PROGRAMS.housekeeping), buildPin(file));
    pinLayouts(folder);
    const map = object.map(LAST_PINNED);
    const conf = new Tables(folder);
    start(map, capacity, sizes, keys, folder);
    if (kept !== undefined) copySettings(kept, confOf(map));
    pin(map, LAST_PINNED);
    forgetSettings(folder);
    return conf;
  } finally {
    object.close();
  }
}

function start(map: BpfMap, capacity: Capacity, sizes: Sizes, keys: readonly Uint8Array[], folder: string): void {
  const conf = confOf(map);
  writeConf(conf, capacity, sizes, keys);
  const housekeeping = Program.pinned(`${folder}/${PROGRAMS.housekeeping}`);
  try {
    runHousekeeping(housekeeping);
    setTimes(conf, configuredHz() ?? measuredHz(housekeeping, conf));
  } finally {
    housekeeping.close();
  }
  conf.set(0, Conf.abi, Abi.WEIR_ABI);
  conf.set(0, Conf.layout, LAYOUT);
  conf.set(0, Conf.magic, Abi.WEIR_MAGIC);
}

function confOf(map: BpfMap): Records {
  return new Records(map.mmap(Math.ceil(Conf.bytes / 8) * 8, true), Conf.bytes);
}
