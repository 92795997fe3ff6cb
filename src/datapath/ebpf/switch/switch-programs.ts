// The program of content switching: loaded onto the pinned maps of the others, in front of tc's program on every interface.
//
//   killed before its pin was there            nothing is switched: the next `apply` loads it again, or `clear` removes its maps
//   killed while it was attached               some interfaces have it: the next command attaches it to the rest
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import type { Family } from '../../../model/address.js';
import { WeirError } from '../../../model/errors/weir-error.js';
import { type ArtifactName, artifact } from '../../../sys/artifact.js';
import { ATTACH_TCX_INGRESS, BpfMap, Link, ObjectFile, Program } from '../../../sys/bpf/bpf-objects.js';
import { encodeRecord, u32 } from '../../../sys/bpf/records.js';
import { hasCode } from '../../../sys/errno.js';
import { using } from '../../../sys/fd.js';
import { viewOf } from '../../../wire/bytes.js';
import { Conf } from '../abi.gen.js';
import { type AttachmentPin, parseAttachmentPin } from '../load/attachments.js';
import type { AttachMode } from '../load/hook-choice.js';
import { PROGRAMS, runHousekeeping } from '../load/load.js';
import { type Extra, loadOnto } from '../load/programs.js';
import type { FileOf } from '../load/short-cut.js';
import type { Sides } from '../load/side-builds.js';
import { fill, mapsOf, usingAll } from '../load/side-maps.js';
import type { Route } from '../load/table-move.js';
import { pinBeside, pinInPlace, pinsBeside, unpin } from '../pins/pin-in-place.js';
import { requiredPin } from '../pins/required-pin.js';
import { SwitchProgram, SwitchSecret } from '../switch.gen.js';
import { IPV6_PINS, type Tables } from '../table/tables.js';
import { hasSwitchProgram, SWITCH_PROGRAM_PIN, switchFamilies, switchPins, unfinishedPins, withSwitchMap } from './switch-maps.js';

/** BPF_F_BEFORE without another program: in front of all. */
const BEFORE_ALL = 1 << 3;
/** What it enters by a tail call, and the array of that in its object. */
const BIND_PROGRAM = 'weir_switch_bind';
const PROGRAMS_MAP = 'switch_programs';
const TIMER_PROGRAM = 'weir_switch_timer';
const { xdp: XDP, ...OF_TC } = PROGRAMS;

/** `arrayPin`: of the array of programs. Each time it is loaded it has an array of its own. `others`: what of the director's own is in the object. */
interface SwitchBuild {
  readonly family: Family;
  readonly file: ArtifactName;
  readonly bridge: ArtifactName;
  readonly arrayPin: string;
  readonly others: readonly string[];
}
const BUILDS = {
  inet: {
    family: 'inet',
    file: 'weir-switch.bpf.o',
    bridge: 'weir-bridge-switch.bpf.o',
    arrayPin: PROGRAMS_MAP,
    others: [XDP, ...Object.values(OF_TC), 'weir_switch_read'],
  },
  inet6: {
    family: 'inet6',
    file: 'weir-switch6.bpf.o',
    bridge: 'weir-bridge-switch6.bpf.o',
    arrayPin: 'switch6_programs',
    others: Object.values(OF_TC),
  },
} as const satisfies Record<Family, SwitchBuild>;

/** What a program is loaded from. `route`: of the bridging build, between two tables, while connections of the family move. */
interface Source {
  readonly fileOf: FileOf;
  readonly route: Route | undefined;
}

/** Puts the pin of a new array into the place of that of before, once no interface has the programs that go by this. */
type Replace = () => void;
const LINK_PIN = /^switch_link_(\d+)$/;
const linkPin = (ifindex: number): string => `switch_link_${ifindex}`;

const attachments = (folder: string): readonly AttachmentPin[] => readdirSync(folder).flatMap((name) => parseAttachmentPin(name) ?? []);
/** Interfaces with weir's program by tcx. */
const interfacesOf = (folder: string): readonly number[] =>
  attachments(folder).flatMap(({ kind, hook, ifindex }) => (kind === 'link' && hook === 'ingress' ? [ifindex] : []));

/** May connections be switched on all interfaces? @throws WeirError switch-needs-tc, switch-needs-kernel */
export function checkAttachments(folder: string): void {
  const pins = attachments(folder);
  if (interfacesWithXdp(folder).length > 0) throw new WeirError('switch-needs-tc');
  if (pins.some(({ kind }) => kind === 'clsact'))
    throw new WeirError('switch-needs-kernel', { why: 'programs of tc by links (Linux 6.6)' });
}

/**
 * How interfaces are attached: while something is switched by tc alone, since XDP would pass by it. `asked`: by this command.
 * @throws WeirError switch-needs-tc: XDP is asked for
 */
export function modeBesideSwitch(folder: string, asked: AttachMode | undefined, before: AttachMode): AttachMode {
  if (!hasSwitchProgram(folder)) return asked ?? before;
  if (asked === 'xdp') throw new WeirError('switch-needs-tc');
  return 'tc';
}

/** Numbers of the interfaces with XDP. */
export const interfacesWithXdp = (folder: string): readonly number[] =>
  attachments(folder).flatMap(({ hook, ifindex }) => (hook === 'xdp' ? [ifindex] : []));

function makeSecret(folder: string): void {
  withSwitchMap(folder, 'switch_secrets', (map) => {
    const secret = new Uint8Array(SwitchSecret.bytes);
    map.lookup(u32(0), secret);
    if (secret.some((byte) => byte !== 0)) return;
    const view = viewOf(new Uint8Array(randomBytes(SwitchSecret.key.size * 2)));
    map.update(u32(0), encodeRecord(SwitchSecret, { key: [view.getBigUint64(0), view.getBigUint64(8)] as never }));
  });
}

function setPaused(folder: string, paused: boolean): void {
  withSwitchMap(folder, 'switch_secrets', (map) => {
    const secret = new Uint8Array(SwitchSecret.bytes);
    map.lookup(u32(0), secret);
    viewOf(secret).setBigUint64(SwitchSecret.paused.at, paused ? 1n : 0n, true);
    map.update(u32(0), secret);
  });
}

function attach(program: Program, folder: string, ifindex: number): void {
  const pin = `${folder}/${linkPin(ifindex)}`;
  if (existsSync(pin)) {
    const there = using(Link.pinned(pin), (link) => {
      if (link.info().ifindex !== ifindex) return false;
      link.update(program);
      return true;
    });
    if (there) return;
    rmSync(pin);
  }
  try {
    using(program.attach(ifindex, ATTACH_TCX_INGRESS, BEFORE_ALL), (link) => link.pin(pin));
  } catch (error) {
    if (!hasCode(error, 'ENODEV')) throw error; // it went while we looked
  }
}

/** The maps of the director that a build's programs use. */
const directorMaps = ({ family }: SwitchBuild, { folder, conf }: Tables): Extra =>
  family === 'inet'
    ? { pins: {}, buckets: conf.get(0, Conf.connBuckets), configure: () => {} }
    : { ...mapsOf({ pins: IPV6_PINS }, folder), pins: IPV6_PINS };

function loadObject(object: ObjectFile, build: SwitchBuild, tables: Tables, route: Route | undefined): void {
  const { folder } = tables;
  // It is not loaded from this object.
  for (const name of route === undefined ? build.others : [...build.others, 'weir_move']) object.autoload(name, false);
  const own = switchPins(build.family).map(([name, pin]) => [name, existsSync(`${folder}/${pin}`) ? pin : undefined] as const);
  const maps = directorMaps(build, tables);
  try {
    loadOnto(object, folder, tables, {
      ...maps,
      pins: { ...maps.pins, housekeeping: undefined, ...Object.fromEntries(own), ...route?.pins },
      buckets: route?.buckets ?? maps.buckets,
      configure: (each) => route?.configure(each, route.oldBuckets),
    });
  } catch (error) {
    const { cause } = error as { cause?: { log?: string } };
    if (/bpf_sk_assign_tcp_reqsk|bpf_cast_to_kern_ctx/.test(cause?.log ?? ''))
      throw new WeirError('switch-needs-kernel', { why: 'bpf_sk_assign_tcp_reqsk (Linux 6.9)' }, { cause: error });
    throw error;
  }
}

/** Loads a build and pins its maps, and gives its timer this code. `enter`: lets packets in, with its array of programs beside it. */
function enterBuild(
  build: SwitchBuild,
  tables: Tables,
  { fileOf, route }: Source,
  enter: (object: ObjectFile, array: BpfMap) => void,
): Replace {
  const { folder } = tables;
  for (const pin of unfinishedPins(folder, build.family)) rmSync(`${folder}/${pin}`, { force: true });
  return using(new ObjectFile(fileOf(route === undefined ? build.file : build.bridge)), (object) => {
    loadObject(object, build, tables, route);
    for (const [name, pin] of switchPins(build.family))
      if (!existsSync(`${folder}/${pin}`)) using(object.map(name), (map) => pinInPlace(map, `${folder}/${pin}`));
    makeSecret(folder);
    using(object.program(TIMER_PROGRAM), runHousekeeping);
    // The kernel empties an array of programs when its last pin goes: that of before stays until no interface has its program.
    return using(object.map(PROGRAMS_MAP), (array) => {
      using(object.program(BIND_PROGRAM), (program) => fill([array], SwitchProgram.SWITCH_BIND, program));
      const replace = pinBeside(array, `${folder}/${build.arrayPin}`);
      enter(object, array);
      // Once more: connections may have begun by a program of before, which gives them no turn.
      using(object.program(TIMER_PROGRAM), runHousekeeping);
      return replace;
    });
  });
}

/** Lets packets of IPv6 in, by arrays of the programs of IPv4. */
const enterIpv6 = (tables: Tables, source: Source, arrays: readonly BpfMap[]): Replace =>
  enterBuild(BUILDS.inet6, tables, source, (object) =>
    using(object.program(SWITCH_PROGRAM_PIN), (program) => fill(arrays, SwitchProgram.SWITCH_IPV6, program)),
  );

/** `ipv6`: its program is wanted; it stays where it was. `route`: of IPv4's connections, while these move. */
interface Wanted {
  readonly fileOf?: FileOf | undefined;
  readonly route?: Route;
  readonly ipv6?: boolean;
}

/**
 * Loads this build's programs, and attaches them in the place of those before. The caller holds the lock. IPv6 needs the tables of its build.
 * @throws WeirError switch-needs-kernel, kernel-refuses-datapath, timer-not-started
 */
export function ensureSwitch(tables: Tables, { fileOf = artifact, route, ipv6 = false }: Wanted = {}): void {
  const { folder } = tables;
  const interfaces = interfacesOf(folder);
  const replaces: Replace[] = [];
  const replace = enterBuild(BUILDS.inet, tables, { fileOf, route }, (object, array) => {
    if (ipv6 || switchFamilies(folder).includes('inet6')) replaces.push(enterIpv6(tables, { fileOf, route: undefined }, [array]));
    using(object.program(SWITCH_PROGRAM_PIN), (program) => {
      pinInPlace(program, `${folder}/${SWITCH_PROGRAM_PIN}`);
      for (const ifindex of interfaces) attach(program, folder, ifindex);
    });
  });
  for (const each of [replace, ...replaces]) each();
  setPaused(folder, false);
}

/** The arrays by which packets of IPv6 come: those of programs before, too, where an exchange of them was killed. */
function exchangeIpv6(tables: Tables, source: Source): void {
  const path = `${tables.folder}/${BUILDS.inet.arrayPin}`;
  const pins = [requiredPin(path, BpfMap.pinned), ...pinsBeside(path).map(BpfMap.pinned)];
  usingAll(pins, (arrays) => enterIpv6(tables, source, arrays))();
}

/** No connection begins, until programs take the place of these: its clients send their first segment again meanwhile. */
function pauseSwitch(folder: string): void {
  setPaused(folder, true);
  for (const family of switchFamilies(folder)) {
    const pin = `${folder}/${BUILDS[family].arrayPin}`;
    using(requiredPin(pin, BpfMap.pinned), (array) => array.delete(u32(SwitchProgram.SWITCH_BIND)));
  }
}

/** Puts this build's programs in the place of those that are loaded, if any. @throws as ensureSwitch */
export function exchangeSwitch(tables: Tables, { fileOf, links }: Pick<Sides, 'fileOf' | 'links'>): void {
  if (!hasSwitchProgram(tables.folder)) return;
  if (links === 'pause') pauseSwitch(tables.folder);
  else ensureSwitch(tables, { fileOf, ...(links && { route: links }) });
}

/** The same where connections of IPv6 move by a route, or have moved. @throws as ensureSwitch */
export function exchangeSwitch6(tables: Tables, route?: Route): void {
  const { folder } = tables;
  if (hasSwitchProgram(folder) && switchFamilies(folder).includes('inet6')) exchangeIpv6(tables, { fileOf: artifact, route });
}

/** Numbers of the interfaces that have weir's program of tc, and not this one. */
export function uncoveredInterfaces(folder: string): readonly number[] {
  const covered = new Set(switchedInterfaces(folder));
  return interfacesOf(folder).filter((ifindex) => !covered.has(ifindex));
}

/** Attaches the program that is loaded, if any, to interfaces that came since. */
export function coverSwitch({ folder }: Tables): void {
  if (!hasSwitchProgram(folder)) return;
  const missing = uncoveredInterfaces(folder);
  if (missing.length === 0) return;
  using(requiredPin(`${folder}/${SWITCH_PROGRAM_PIN}`, Program.pinned), (program) => {
    for (const ifindex of missing) attach(program, folder, ifindex);
  });
}

/** Numbers of the interfaces that have the program. */
export const switchedInterfaces = (folder: string): readonly number[] =>
  readdirSync(folder).flatMap((name) => {
    const [, ifindex] = LINK_PIN.exec(name) ?? [];
    return ifindex === undefined ? [] : [Number(ifindex)];
  });

/** Takes the program off all interfaces, and its maps away: connections that are switched end. */
export function removeSwitch(folder: string): void {
  // First: without it no command attaches to an interface again what is taken off here.
  unpin(`${folder}/${SWITCH_PROGRAM_PIN}`);
  for (const ifindex of switchedInterfaces(folder)) {
    using(Link.pinned(`${folder}/${linkPin(ifindex)}`), (link) => link.detach());
    rmSync(`${folder}/${linkPin(ifindex)}`, { force: true });
  }
  for (const { arrayPin } of Object.values(BUILDS)) unpin(`${folder}/${arrayPin}`);
  // The one by which hasSwitch() goes is the last one.
  for (const family of ['inet6', 'inet'] as const) for (const [, pin] of switchPins(family)) rmSync(`${folder}/${pin}`, { force: true });
}
