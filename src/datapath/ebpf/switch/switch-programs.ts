// The program of content switching: loaded onto the pinned maps of the others, in front of tc's program on every interface.
//
//   killed before its pin was there            nothing is switched: the next `apply` loads it again, or `clear` removes its maps
//   killed while it was attached               some interfaces have it: the next command attaches it to the rest
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { WeirError } from '../../../model/errors/weir-error.js';
import { artifact } from '../../../sys/artifact.js';
import { ATTACH_TCX_INGRESS, BpfMap, Link, ObjectFile, Program } from '../../../sys/bpf/bpf-objects.js';
import { encodeRecord, u32 } from '../../../sys/bpf/records.js';
import { hasCode } from '../../../sys/errno.js';
import { using } from '../../../sys/fd.js';
import { viewOf } from '../../../wire/bytes.js';
import { Conf } from '../abi.gen.js';
import { type AttachmentPin, parseAttachmentPin } from '../load/attachments.js';
import type { AttachMode } from '../load/hook-choice.js';
import { PROGRAMS, runHousekeeping } from '../load/load.js';
import { loadOnto } from '../load/programs.js';
import type { FileOf } from '../load/short-cut.js';
import type { Sides } from '../load/side-builds.js';
import { fill } from '../load/side-maps.js';
import type { Route } from '../load/table-move.js';
import { pinBeside, pinInPlace, unpin } from '../pins/pin-in-place.js';
import { requiredPin } from '../pins/required-pin.js';
import { SwitchProgram, SwitchSecret } from '../switch.gen.js';
import type { Tables } from '../table/tables.js';
import { hasSwitchProgram, SWITCH_PINS, SWITCH_PROGRAM_PIN, withSwitchMap } from './switch-maps.js';

/** BPF_F_BEFORE without another program: in front of all. */
const BEFORE_ALL = 1 << 3;
/** What it enters by a tail call, and the array of that. Each build of it has an array of its own. */
const BIND_PROGRAM = 'weir_switch_bind';
const PROGRAMS_PIN = 'switch_programs';
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

/** What of the director's own is in the object, and is not loaded from it. */
const OTHERS = [...Object.values(PROGRAMS), 'weir_switch_read'];

/** `route`: of the bridging build, between two tables. */
function loadObject(object: ObjectFile, tables: Tables, route?: Route): void {
  const { folder, conf } = tables;
  for (const name of route === undefined ? OTHERS : [...OTHERS, 'weir_move']) object.autoload(name, false);
  const own = SWITCH_PINS.map((name) => [name, existsSync(`${folder}/${name}`) ? name : undefined] as const);
  try {
    loadOnto(object, folder, tables, {
      pins: { housekeeping: undefined, ...Object.fromEntries(own), ...route?.pins },
      buckets: route?.buckets ?? conf.get(0, Conf.connBuckets),
      configure: (each) => route?.configure(each, route.oldBuckets),
    });
  } catch (error) {
    const { cause } = error as { cause?: { log?: string } };
    if (/bpf_sk_assign_tcp_reqsk|bpf_cast_to_kern_ctx/.test(cause?.log ?? ''))
      throw new WeirError('switch-needs-kernel', { why: 'bpf_sk_assign_tcp_reqsk (Linux 6.9)' }, { cause: error });
    throw error;
  }
}

/**
 * Loads this build's program, and attaches it in the place of the one before. The caller holds the lock. `route`: connections move, on which it goes
 * by both tables.
 * @throws WeirError switch-needs-kernel, kernel-refuses-datapath, timer-not-started
 */
export function ensureSwitch(tables: Tables, fileOf: FileOf = artifact, route?: Route): void {
  const { folder } = tables;
  const interfaces = interfacesOf(folder);
  using(new ObjectFile(fileOf(route === undefined ? 'weir-switch.bpf.o' : 'weir-bridge-switch.bpf.o')), (object) => {
    loadObject(object, tables, route);
    for (const name of SWITCH_PINS)
      if (!existsSync(`${folder}/${name}`)) using(object.map(name), (map) => pinInPlace(map, `${folder}/${name}`));
    makeSecret(folder);
    using(object.program('weir_switch_timer'), runHousekeeping);
    // The kernel empties an array of programs when its last pin goes: that of before stays until no interface has its program.
    const replace = using(object.map(PROGRAMS_PIN), (array) => {
      using(object.program(BIND_PROGRAM), (program) => fill([array], SwitchProgram.SWITCH_BIND, program));
      return pinBeside(array, `${folder}/${PROGRAMS_PIN}`);
    });
    using(object.program(SWITCH_PROGRAM_PIN), (program) => {
      pinInPlace(program, `${folder}/${SWITCH_PROGRAM_PIN}`);
      for (const ifindex of interfaces) attach(program, folder, ifindex);
    });
    // Once more: connections may have begun by a program of before, which gives them no turn.
    using(object.program('weir_switch_timer'), runHousekeeping);
    replace();
    setPaused(folder, false);
  });
}

/** No connection begins, until a program takes this one's place: its clients send their first segment again meanwhile. */
function pauseSwitch(folder: string): void {
  setPaused(folder, true);
  using(requiredPin(`${folder}/${PROGRAMS_PIN}`, BpfMap.pinned), (array) => array.delete(u32(SwitchProgram.SWITCH_BIND)));
}

/** Puts this build's program in the place of the one that is loaded, if any. @throws as ensureSwitch */
export function exchangeSwitch(tables: Tables, { fileOf, links }: Pick<Sides, 'fileOf' | 'links'>): void {
  if (!hasSwitchProgram(tables.folder)) return;
  if (links === 'pause') pauseSwitch(tables.folder);
  else ensureSwitch(tables, fileOf, links);
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
  unpin(`${folder}/${PROGRAMS_PIN}`);
  // The one by which hasSwitch() goes is the last one.
  for (const name of [...SWITCH_PINS.filter((each) => each !== 'switch_listeners'), 'switch_listeners'])
    rmSync(`${folder}/${name}`, { force: true });
}
