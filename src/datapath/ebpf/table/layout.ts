// Whether pinned tables are those of this build: programs and user space must agree on every place in them. `conf` has one number of all
// layouts; the pin LAYOUTS_PIN has one of each map, so that a refusal can name the map that differs.
import { existsSync } from 'node:fs';
import { BpfMap } from '../../../sys/bpf/bpf-objects.js';
import { unlessCode } from '../../../sys/errno.js';
import { using } from '../../../sys/fd.js';
import { Abi, Conf } from '../abi.gen.js';
import { LAYOUT, LAYOUTS, LAYOUTS_BEFORE } from '../layouts.gen.js';
import { pinInPlace } from '../pins/pin-in-place.js';
import {
  FEATURE_PINS,
  IDLE_WITHOUT,
  LAYOUTS_PIN,
  layoutName,
  RENEWED_PINS,
  SIDE_PINS,
  SWITCH_IN_USE,
  TABLE_PIN,
  type Tables,
  takeoverPin,
} from './tables.js';

/**
 * `before`: of a build whose tables this one can take over (load/takeover.ts). `taken-over`: another build's takeover of them has begun, and not
 * ended. `none`: they are not weir's, or are being unloaded, or were never finished.
 */
export type TableLayout = 'ours' | 'before' | 'taken-over' | 'other-build' | 'none';

/** Whose tables these are. */
export function layoutOf(tables: Tables): TableLayout {
  const { conf } = tables;
  if (conf.get(0, Conf.magic) !== Abi.WEIR_MAGIC) return 'none';
  if (conf.get(0, Conf.abi) !== Abi.WEIR_ABI) return 'other-build';
  if (conf.get(0, Conf.layout) === LAYOUT) return 'ours';
  // The maps' numbers are those of before until it ends, so they do not show what is in the tables.
  if (isTakenOver(tables)) return 'taken-over';
  return canBeTakenOver(tables.folder, pinnedLayouts(tables)) ? 'before' : 'other-build';
}

/** A takeover has begun, and not ended: by the build whose layout `conf` has. */
export const isTakenOver = ({ folder, conf }: Tables): boolean => existsSync(`${folder}/${takeoverPin(conf.get(0, Conf.layout))}`);

/** Of the loaded tables and of a build (default: this one), by name. */
export interface LayoutNames {
  readonly loaded: string;
  readonly own: string;
}

/** The names of both layouts, for a message that refuses tables. */
export const layoutNames = ({ conf }: Tables, own: number = LAYOUT): LayoutNames => ({
  loaded: layoutName(conf.get(0, Conf.layout)),
  own: layoutName(own),
});

/** A map's number, by its name. */
export type Layouts = Readonly<Record<string, number>>;

/** Maps that are made with the first service, destination or listener that needs them. */
const MADE_LATER: ReadonlySet<string> = new Set([
  ...SIDE_PINS.flatMap((pins) => Object.values(pins)),
  ...FEATURE_PINS,
  ...Object.keys(SWITCH_IN_USE),
]);

/** Is it a map that nothing of its feature uses yet, or of short-lived records? Each build makes its own in its place. `folder`: of its pins. */
function isIdle(folder: string, name: string): boolean {
  const used = IDLE_WITHOUT[name];
  return RENEWED_PINS.includes(name) || (used !== undefined && !existsSync(`${folder}/${used}`));
}

/** No service, destination or listener needs this map: no layout of it hinders a build. */
const isUnused = (folder: string, name: string): boolean =>
  isIdle(folder, name) || (MADE_LATER.has(name) && !existsSync(`${folder}/${SWITCH_IN_USE[name] ?? name}`));

/** Idle maps that have another layout than this build's. `pinned`: the layouts of the pinned maps. */
export const idleOfOtherLayout = (folder: string, pinned: Layouts): readonly string[] =>
  [...Object.keys(IDLE_WITHOUT), ...RENEWED_PINS].filter((name) => isIdle(folder, name) && pinned[name] !== (LAYOUTS as Layouts)[name]);

/** A build that kept no number of any feature's map may have such maps all the same: of which layout is not known. */
const featuresUnknown = (folder: string, pinned: Layouts): boolean =>
  FEATURE_PINS.every((name) => pinned[name] === undefined) && FEATURE_PINS.some((name) => existsSync(`${folder}/${name}`));

/**
 * Maps may be missing, those that are made later too where nothing ever needed them; tables of connections may have the layout of the build before.
 * All others are as in this build.
 */
function canBeTakenOver(folder: string, pinned: Layouts | undefined): boolean {
  if (pinned === undefined || pinned[TABLE_PIN] === undefined || featuresUnknown(folder, pinned)) return false;
  const [ours, before]: readonly [Layouts, Layouts] = [LAYOUTS, LAYOUTS_BEFORE];
  return Object.entries(pinned).every(([name, number]) => number === ours[name] || number === before[name] || isUnused(folder, name));
}

/**
 * A record of the pinned map: the name as text, the rest 0; then the number. It must never change: every build reads it, as far as its map goes. Builds
 * before this one read no more than RECORDS_BEFORE of them: where there are more, the first one has the name of the pin, which is no map of theirs, so that
 * they refuse the tables.
 */
const RECORDS = 256;
const RECORDS_BEFORE = 64;
const [NAME_BYTES, RECORD_BYTES] = [16, 24];

const keyOf = (record: number): Uint8Array => new Uint8Array(new Uint32Array([record]).buffer);

function encodeRecord(name: string, number: number): Uint8Array {
  const bytes = new Uint8Array(RECORD_BYTES);
  bytes.set(new TextEncoder().encode(name).subarray(0, NAME_BYTES));
  new DataView(bytes.buffer).setUint32(NAME_BYTES, number, true);
  return bytes;
}

/** The records that a pin of these numbers has, in their order. */
function recordsOf(layouts: Layouts): readonly (readonly [name: string, number: number])[] {
  const records = Object.entries(layouts);
  return records.length > RECORDS_BEFORE ? [[LAYOUTS_PIN, records.length], ...records] : records;
}

/** Pins the numbers of this build's maps, in the place of those that are there. */
export function pinLayouts(folder: string, layouts: Layouts = LAYOUTS): void {
  using(BpfMap.createArray(LAYOUTS_PIN, RECORD_BYTES, RECORDS), (map) => {
    recordsOf(layouts).forEach(([name, number], record) => {
      map.update(keyOf(record), encodeRecord(name, number));
    });
    pinInPlace(map, `${folder}/${LAYOUTS_PIN}`);
  });
}

/** The map's size is its maker's: beyond its end there is no record. */
function readLayouts(map: BpfMap): Layouts {
  const found: Record<string, number> = {};
  const bytes = new Uint8Array(RECORD_BYTES);
  for (let record = 0; map.lookup(keyOf(record), bytes) && bytes[0] !== 0; record++) {
    const name = new TextDecoder().decode(bytes.subarray(0, NAME_BYTES)).replace(/\0+$/, '');
    if (name !== LAYOUTS_PIN) found[name] = new DataView(bytes.buffer).getUint32(NAME_BYTES, true);
  }
  return found;
}

/** The layouts of the pinned maps; undefined: the build that loaded them kept no numbers. */
export function pinnedLayouts(tables: Tables): Layouts | undefined {
  const map = unlessCode(() => tables.open(LAYOUTS_PIN), ['ENOENT'], undefined);
  return map === undefined ? undefined : using(map, readLayouts);
}

/** Maps that have another layout than this build's, if they are used, or that only one of the two builds has; none: it is not known which. */
export function mapsOfOtherLayout(tables: Tables): readonly string[] {
  const pinned = pinnedLayouts(tables);
  if (pinned === undefined) return [];
  const ours: Layouts = LAYOUTS;
  const isInOne = (name: string): boolean => ours[name] === undefined || pinned[name] === undefined;
  const differs = (name: string): boolean => ours[name] !== pinned[name] && (isInOne(name) || !isUnused(tables.folder, name));
  return [...new Set([...Object.keys(ours), ...Object.keys(pinned)])].filter(differs).sort();
}
