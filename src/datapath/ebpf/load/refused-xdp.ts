// A kernel that refuses the program of XDP, or an interface that takes none: tc has all packets then, no command fails, and a pinned text has
// the reason. Every command leaves it at that until `weir load` tries again, or what kept XDP away from an interface is another one.
//
//   killed before the text is pinned          the next command tries again, and reports it
//   killed after XDP came, before the         XDP's program, or its link, is what counts
//     text was removed
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { failureText, isWeirError } from '../../../model/errors/weir-error.js';
import { type TcAlone, tcAloneText } from '../../../model/tc-alone.js';
import { hasCode, isSystemError } from '../../../sys/errno.js';
import type { Link } from '../../../wire/rtnetlink-link.js';
import { readPinnedText, removePinnedText, writePinnedText } from '../pins/pinned-text.js';
import { XDP_REFUSED_PIN } from '../table/tables.js';
import { isXdpLoaded, type ProgramKind } from './load.js';

/** Gets a line where a command goes on without something. */
export type OnNotice = (text: string) => void;

/** What the program of XDP on the links is for: that of IPv6 is behind it. */
const BOTH = 'IPv4 and IPv6';
/** The name of the maps that have the texts. */
const MAP_NAME = 'refused';

/** The verifier's verdict: its last lines without how much it did. */
const verdict = (lines: string): string =>
  lines
    .split('; ')
    .filter((line) => !/^processed \d/.test(line))
    .join('; ');

/** The reason why this kernel does not take a program; undefined: the error is about something else. */
export function refusalOf(error: unknown): string | undefined {
  if (isWeirError(error, 'kernel-refuses-datapath')) {
    const { code, verifier } = error.details;
    const why = verdict(verifier);
    return why === '' ? `the kernel refuses its program (${code})` : `the kernel's verifier refuses its program (${code}): ${why}`;
  }
  if (isWeirError(error, 'self-check-failed')) {
    const { vector, difference } = error.details;
    return `its program fails the self-check: “${vector}”: ${difference}`;
  }
  return isWeirError(error, 'bpf-program-refused', 'bpf-table-refused') ? failureText(error) : undefined;
}

export const writeRefusal = (path: string, text: string): void => writePinnedText(path, MAP_NAME, text);

export const refusalNotice = (alone: TcAlone): string => `${tcAloneText(alone)}; weir load tries again`;

/** What `work` gives with these programs or, where this kernel refuses XDP's alone, with the others. `refused`: why it does. */
export interface Taken<T> {
  readonly value: T;
  readonly refused?: string;
}

/** @throws what `work` throws, but for a refusal of XDP's program */
export function unlessXdpRefused<T>(kinds: readonly ProgramKind[], work: (kinds: readonly ProgramKind[]) => T): Taken<T> {
  try {
    return { value: work(kinds) };
  } catch (error) {
    const refused = kinds.includes('xdp') ? refusalOf(error) : undefined;
    if (refused === undefined) throw error;
    return { value: work(kinds.filter((kind) => kind !== 'xdp')), refused };
  }
}

const programPath = (folder: string): string => `${folder}/${XDP_REFUSED_PIN}`;

/** Notes that this kernel refuses the program of XDP: it is not tried again until `weir load`. */
export function refuseXdp(folder: string, why: string, onNotice: OnNotice): void {
  writeRefusal(programPath(folder), why);
  onNotice(refusalNotice({ what: BOTH, why }));
}

/** Has this kernel refused XDP's program on the links? `folder`: of the pins. */
export const isXdpRefused = (folder: string): boolean => existsSync(programPath(folder));

export const forgetXdpRefusal = (folder: string): void => removePinnedText(programPath(folder));

/** XDP is taken, where it was refused before. */
export const xdpComesBack = (onNotice: OnNotice): void => onNotice(`${BOTH} go by XDP again`);

/** undefined: this kernel does not refuse it. */
export function xdpRefusal(folder: string): TcAlone | undefined {
  const why = isXdpLoaded(folder) ? undefined : readPinnedText(programPath(folder));
  return why === undefined ? undefined : { what: BOTH, why };
}

/** An interface that took no XDP program, as it was then. */
interface Refusal extends Pick<Link, 'name' | 'mac' | 'mtu'> {
  readonly code: string;
  /** Another XDP program was on it. */
  readonly foreign: boolean;
}

/** The name of an interface's pin, and of what killed processes left beside it. */
const INTERFACE_PIN = new RegExp(`^${XDP_REFUSED_PIN}_(\\d+)(?:_|$)`);
export const interfaceRefusalPin = (ifindex: number): string => `${XDP_REFUSED_PIN}_${ifindex}`;
const pathOf = (folder: string, ifindex: number): string => `${folder}/${interfaceRefusalPin(ifindex)}`;

function readRefusal(folder: string, ifindex: number): Refusal | undefined {
  const text = readPinnedText(pathOf(folder, ifindex));
  return text === undefined ? undefined : (JSON.parse(text) as Refusal);
}

function driverText({ code, mtu }: Refusal): string {
  switch (code) {
    case 'EOPNOTSUPP':
      return `its driver has no native XDP, or not with its present settings (${code})`;
    case 'EINVAL':
    case 'ERANGE':
      return `its driver takes no XDP with its present settings, one of which is the MTU of ${mtu} (${code})`;
    case 'EEXIST':
      return `an interface above it has an XDP program (${code})`;
    default:
      return `its driver takes no XDP now (${code})`;
  }
}

/** `program`: the number of the one that is on the interface now. */
function aloneFor(refusal: Refusal, program: number | undefined): TcAlone {
  const { name: what, foreign } = refusal;
  if (!foreign) return { what, why: driverText(refusal), obstacle: 'driver' };
  const why =
    program === undefined ? 'another XDP program was attached there' : `another XDP program is attached there (number ${program})`;
  return { what, why, obstacle: 'foreign' };
}

/** Why an interface takes no XDP. undefined: the error is about something else. */
function interfaceRefusal({ name, mac, mtu, xdpProgram }: Link, error: unknown): Refusal | undefined {
  if (!isSystemError(error) || hasCode(error, 'EPERM', 'EACCES')) return undefined;
  const foreign = xdpProgram !== undefined && hasCode(error, 'EBUSY', 'EEXIST');
  return { name, ...(mac === undefined ? {} : { mac }), mtu, code: error.code, foreign };
}

/** The reason for people; undefined: the error is about something else. */
export function whyNotAttached(link: Link, error: unknown): string | undefined {
  const refusal = interfaceRefusal(link, error);
  return refusal === undefined ? undefined : aloneFor(refusal, link.xdpProgram).why;
}

/**
 * Notes that an interface takes no XDP program: none is tried there until the interface changes, or `weir load`.
 * @throws the error, if it is about something else
 */
export function refuseInterface(folder: string, link: Link, error: unknown, onNotice: OnNotice): void {
  const refusal = interfaceRefusal(link, error);
  if (refusal === undefined) throw error;
  writeRefusal(pathOf(folder, link.ifindex), JSON.stringify(refusal));
  onNotice(refusalNotice(aloneFor(refusal, link.xdpProgram)));
}

export const forgetInterfaceRefusal = (folder: string, ifindex: number): void => removePinnedText(pathOf(folder, ifindex));

/** Removes the refusals of interfaces that are not there any more. */
export function forgetRefusalsBut(folder: string, present: ReadonlySet<number>, pins: Iterable<string>): void {
  for (const pin of pins) {
    const [, ifindex] = INTERFACE_PIN.exec(pin) ?? [];
    if (ifindex !== undefined && !present.has(Number(ifindex))) rmSync(`${folder}/${pin}`, { force: true });
  }
}

/** Whether it refused XDP as it is now: another interface may have its number, a foreign program may be gone, and drivers go by the MTU. */
export function refusesXdp(folder: string, link: Link): boolean {
  const refusal = readRefusal(folder, link.ifindex);
  if (refusal === undefined || (refusal.foreign && link.xdpProgram === undefined)) return false;
  return refusal.name === link.name && refusal.mac === link.mac && refusal.mtu === link.mtu;
}

/** Interfaces that go by tc alone, since they took no XDP program. */
export function interfacesAlone(folder: string, links: readonly Link[]): readonly TcAlone[] {
  if (!isXdpLoaded(folder)) return [];
  const pins = new Set(readdirSync(folder));
  return links.flatMap(({ ifindex, name, xdpProgram }) => {
    const refusal = pins.has(`link_${ifindex}_xdp`) ? undefined : readRefusal(folder, ifindex);
    return refusal?.name === name ? aloneFor(refusal, xdpProgram) : [];
  });
}
