// A short cut: a program of XDP in front of a build beside those on the links, in an object of its own. It is loaded where XDP and its build are,
// and the program of XDP on the links enters it by an array. Where the array is empty, XDP leaves the packets to tc: so it stays empty
// whenever the build's table moves, and where this kernel refuses the short cut. Then nothing fails: the command reports it, and a pinned
// text has the reason.
//
//   killed after the array was filled, before the text was removed      the array is what counts
import { existsSync } from 'node:fs';
import { WeirError } from '../../../model/errors/weir-error.js';
import type { TcAlone } from '../../../model/tc-alone.js';
import { type ArtifactName, artifact } from '../../../sys/artifact.js';
import { BpfMap, ObjectFile, type Program } from '../../../sys/bpf/bpf-objects.js';
import { u32 } from '../../../sys/bpf/records.js';
import { hasCode } from '../../../sys/errno.js';
import { using } from '../../../sys/fd.js';
import { Ipv6XdpProgram } from '../abi6.gen.js';
import { pinsBeside } from '../pins/pin-in-place.js';
import { readPinnedText, removePinnedText } from '../pins/pinned-text.js';
import type { Tables } from '../table/tables.js';
import type { SideObject } from './build-pin.js';
import { isXdpLoaded, PROGRAMS } from './load.js';
import { loadOnto } from './programs.js';
import { type OnNotice, refusalNotice, refusalOf, writeRefusal } from './refused-xdp.js';
import { type SideCheck, trySideBuildOnce } from './side-check.js';
import { fill, type HasPins, mapsOf, usingAll } from './side-maps.js';

/** `check`: what it is tried by. `refusedPin`: of the text that has the reason why this kernel refuses it. */
export interface ShortCut {
  readonly file: SideObject;
  readonly entryPin: string;
  readonly refusedPin: string;
  readonly check: SideCheck;
}

/** `label`: of what its packets are. */
export interface Shortened extends HasPins {
  readonly check: Pick<SideCheck, 'label'>;
  readonly shortCut: ShortCut;
}

export const hasShortCut = <B extends HasPins & { readonly shortCut?: ShortCut }>(build: B): build is B & { readonly shortCut: ShortCut } =>
  build.shortCut !== undefined;

export type FileOf = (name: ArtifactName) => string;

/** Works with the pinned arrays that the short cut is entered by; none: a build before this one loaded XDP. */
function withArrays<T>({ entryPin }: ShortCut, folder: string, work: (arrays: readonly BpfMap[]) => T): T {
  const path = `${folder}/${entryPin}`;
  const paths = [path, ...pinsBeside(path)].filter((each) => existsSync(each));
  return usingAll(paths.map(BpfMap.pinned), work);
}

/** The kernel enters by an array only what fits the programs that go by it. */
function letIn(array: BpfMap, program: Program): void {
  try {
    fill([array], Ipv6XdpProgram.IPV6_XDP_QUICK, program);
  } catch (error) {
    if (!hasCode(error, 'EINVAL')) throw error;
    throw new WeirError('kernel-refuses-datapath', { code: 'EINVAL', verifier: '' }, { cause: error });
  }
}

/** Loads it onto the build's maps, for each array: by that it enters its full path, and packets of XDP enter it. */
function enterBy(build: Shortened, arrays: readonly BpfMap[], tables: Tables, fileOf: FileOf): void {
  const { file, entryPin, check } = build.shortCut;
  trySideBuildOnce(fileOf(file), tables, check);
  for (const array of arrays) {
    using(new ObjectFile(fileOf(file)), (object) => {
      object.reuseMap(entryPin, array);
      const pins = { ...build.pins, housekeeping: undefined };
      loadOnto(object, tables.folder, tables, { ...mapsOf(build, tables.folder), pins });
      using(object.program(PROGRAMS.xdp), (program) => letIn(array, program));
    });
  }
}

function empty(arrays: readonly BpfMap[]): void {
  for (const array of arrays) array.delete(u32(Ipv6XdpProgram.IPV6_XDP_QUICK));
}

/**
 * Tries and loads it, and lets packets of XDP go on into it by these arrays. Where this kernel refuses it, they go by tc. False: so they do.
 * @throws as ensureSideBuilds, but for what the kernel refuses
 */
export function enterShortCut(
  build: Shortened,
  arrays: readonly BpfMap[],
  tables: Tables,
  onNotice: OnNotice,
  fileOf: FileOf = artifact,
): boolean {
  const refused = `${tables.folder}/${build.shortCut.refusedPin}`;
  try {
    enterBy(build, arrays, tables, fileOf);
  } catch (error) {
    const why = refusalOf(error);
    if (why === undefined) throw error;
    writeRefusal(refused, why);
    empty(arrays);
    onNotice(refusalNotice({ what: build.check.label, why }));
    return false;
  }
  removePinnedText(refused);
  return true;
}

/** Enters the short cut by the arrays that are pinned, where XDP is loaded. True: it is entered. */
export function openShortCut(build: Shortened, tables: Tables, onNotice: OnNotice, fileOf: FileOf = artifact): boolean {
  if (!isXdpLoaded(tables.folder)) return false;
  return withArrays(build.shortCut, tables.folder, (arrays) => enterShortCut(build, arrays, tables, onNotice, fileOf));
}

/** XDP leaves its packets to tc, until openShortCut(). */
export function closeShortCut({ shortCut }: Shortened, folder: string): void {
  withArrays(shortCut, folder, empty);
}

/** undefined: it does not refuse it. */
export function shortCutRefusal({ check, shortCut }: Shortened, folder: string): TcAlone | undefined {
  const why = readPinnedText(`${folder}/${shortCut.refusedPin}`);
  if (why === undefined || !isXdpLoaded(folder)) return undefined;
  const isEntered = (array: BpfMap): boolean => array.lookup(u32(Ipv6XdpProgram.IPV6_XDP_QUICK), u32(0));
  return withArrays(shortCut, folder, (arrays) => arrays.some(isEntered)) ? undefined : { what: check.label, why };
}
