// Finds the datapath of this network namespace for a program that must change nothing: it loads, attaches, repairs and locks nothing,
// maps the tables for reading only, and works where /run is read-only.
import { readdirSync, statSync } from 'node:fs';
import { WeirError } from '../../../model/errors/weir-error.js';
import { native } from '../../../sys/addon.js';
import { hasCode, unlessCode } from '../../../sys/errno.js';
import { using } from '../../../sys/fd.js';
import { exclusiveHolder } from '../../../sys/files/lock-holder.js';
import { Netlink } from '../../../sys/netlink/netlink.js';
import { parseAttachmentPin } from '../load/attachments.js';
import { BUILD_PIN, buildPin } from '../load/build-pin.js';
import { isLoaded } from '../load/load.js';
import { isLoadedElsewhere } from '../load/loaded-elsewhere.js';
import { BPFFS_PLACE, Bpffs } from '../pins/bpffs.js';
import { isTakenOver, type LayoutNames, layoutNames, layoutOf, mapsOfOtherLayout, type TableLayout } from '../table/layout.js';
import { LAST_PINNED, MAPPED_PINS, RECORD_PINS, Tables } from '../table/tables.js';
import { type ObservingOptions, ObservingReader } from './observing-reader.js';

/**
 * `this`: ours. `mixed`: an exchange of programs was not finished, and those of two builds run on the same tables. `bridging`: the
 * connection table gets another size; `bridging-left`: the command that began it was killed.
 */
export type ProgramsOf = 'this' | 'other' | 'mixed' | 'bridging' | 'bridging-left';

interface Pinned {
  readonly folder: string;
  readonly pins: readonly string[];
  /** When the tables were loaded, by the wall clock of that time. */
  readonly loadedAt: Date;
  readonly programs: ProgramsOf;
  /** Names the objects of the programs: the beginning of their SHA-256; undefined: they are being exchanged, or that was interrupted. */
  readonly build: string | undefined;
}

/** Another build's tables, which this build cannot read. `maps`: those whose layouts differ; none: it is not known which. */
interface OtherTables extends Pinned {
  readonly kind: 'other-tables';
  readonly maps: readonly string[];
  readonly layout: Exclude<TableLayout, 'ours' | 'none'>;
  readonly layouts: LayoutNames;
}

export type ObservedDatapath =
  | { readonly kind: 'absent' }
  /** There are pins, but they were never finished, or are being removed. */
  | { readonly kind: 'unfinished'; readonly folder: string }
  | OtherTables
  | ({ readonly kind: 'loaded'; readonly reader: ObservingReader } & Pinned);

/** How much of a SHA-256 names a build for people. */
const BUILD_DIGITS = 12;

/** `pin`: as buildPin() has it. */
export const buildName = (pin: string): string => pin.slice(BUILD_PIN.length, BUILD_PIN.length + BUILD_DIGITS);

/** `build`: the pin that names the build, which is missing while programs are exchanged. */
function programsOf(tables: Tables, build: string | undefined, pins: readonly string[], lockFile: string, own: () => string): ProgramsOf {
  if (isTakenOver(tables) || RECORD_PINS.some((pin) => pins.includes(pin)))
    return exclusiveHolder(lockFile) === undefined ? 'bridging-left' : 'bridging';
  if (build === undefined) return exclusiveHolder(lockFile) === undefined ? 'mixed' : 'other';
  return build === own() ? 'this' : 'other';
}

function pinnedIn(tables: Tables, pins: readonly string[], lockFile: string, own: () => string): Pinned {
  const { folder } = tables;
  const build = pins.find((name) => name.startsWith(BUILD_PIN));
  // The pin of this map is made once, when all else is loaded.
  const { mtime } = statSync(`${folder}/${LAST_PINNED}`);
  return {
    folder,
    pins,
    loadedAt: mtime,
    programs: programsOf(tables, build, pins, lockFile, own),
    build: build === undefined ? undefined : buildName(build),
  };
}

/** The name of a pin that is missing though the datapath is attached; undefined: none, or it was unloaded meanwhile. */
function removedPin(folder: string): string | undefined {
  const pins = readdirSync(folder);
  // This pin is made before anything is attached, and removed when nothing is.
  if (!pins.includes(LAST_PINNED)) return pins.some((name) => parseAttachmentPin(name) !== undefined) ? LAST_PINNED : undefined;
  return layoutOf(Tables.readable(folder)) === 'none' ? undefined : MAPPED_PINS.find((name) => !pins.includes(name));
}

/** @throws WeirError pin-missing */
function checkPins(folder: string): void {
  const name = unlessCode(() => removedPin(folder), ['ENOENT'], undefined);
  if (name !== undefined) throw new WeirError('pin-missing', { path: `${folder}/${name}` });
}

/**
 * No pins are seen here, but weir's own devices or programs: others see them, or this process may not look.
 * @throws WeirError datapath-elsewhere, mounts-hidden
 */
function absent(): ObservedDatapath {
  const elsewhere = using(new Netlink(), (netlink) => unlessCode(() => isLoadedElsewhere(netlink), ['EPERM', 'EACCES'], 'not known'));
  if (elsewhere === 'not known') throw new WeirError('mounts-hidden');
  if (elsewhere) throw new WeirError('datapath-elsewhere', { place: BPFFS_PLACE });
  return { kind: 'absent' };
}

/** As observeDatapath, without the question which build this is: that would take longer than most looks. */
export const observeTables = (options?: ObservingOptions): ObservedDatapath => observeDatapath(() => '', options);

/**
 * What `observeTables` found before, for a question which build this is: the tables are not mapped again. undefined: programs are being exchanged, or
 * that was interrupted, and it has to be looked at again.
 */
export function asOfBuild(observed: ObservedDatapath, own: string): ObservedDatapath | undefined {
  if (observed.kind !== 'loaded') return undefined;
  return observed.programs === 'other' && observed.build !== undefined
    ? { ...observed, programs: observed.build === buildName(own) ? 'this' : 'other' }
    : undefined;
}

/**
 * `own`: the pin that names this build, which takes a while to be made.
 * @throws WeirError proc-not-mounted, mounts-hidden, datapath-elsewhere, pin-missing; SystemError EPERM without root
 */
export function observeDatapath(own: () => string = buildPin, options?: ObservingOptions): ObservedDatapath {
  const bpffs = Bpffs.find();
  const cookie = native().netnsCookie();
  if (bpffs?.cookies().includes(cookie) !== true) return absent();
  const [folder, lockFile] = [bpffs.path(cookie), bpffs.presentLock(cookie)];
  try {
    const pins = unlessCode(() => readdirSync(folder), ['ENOENT'], []);
    if (pins.length === 0) return absent();
    if (!isLoaded(folder)) {
      checkPins(folder);
      return { kind: 'unfinished', folder };
    }
    const tables = Tables.readable(folder);
    const layout = layoutOf(tables);
    if (layout === 'none') return { kind: 'unfinished', folder };
    const pinned = pinnedIn(tables, pins, lockFile, own);
    if (layout !== 'ours')
      return { kind: 'other-tables', ...pinned, layout, layouts: layoutNames(tables), maps: mapsOfOtherLayout(tables) };
    tables.mapAll();
    return { kind: 'loaded', ...pinned, reader: new ObservingReader(tables, lockFile, options) };
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
    checkPins(folder);
    return { kind: 'absent' }; // it was unloaded meanwhile
  }
}
