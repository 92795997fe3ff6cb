// Builds of tc's programs beside those on the links: for IPv6, for services of all ports and of marks, for SCTP, and
// for what is two or three of these. Each has a connection table and a timer of its own. It is loaded when the first
// such service comes, onto the pinned maps of the others, whose programs enter it by an array: until then it costs
// neither memory nor time. Its connection table has as many places as that of the links, then and later (side-table.ts).
//
//   killed before the timer's map is pinned     no service was added: the next one loads it again, onto the maps that are there
//   loaded by a build with fewer maps           they are made when the programs of this build take the place of the others
//   an exchange was killed at its end           links may have programs that enter by the array beside the pinned one: both are filled
//
// In front of one may be a short cut of XDP (short-cut.ts).
import { existsSync } from 'node:fs';
import type { Family } from '../../../model/address.js';
import { WeirError } from '../../../model/errors/weir-error.js';
import { serviceFamily } from '../../../model/identity.js';
import type { ServiceKey, ServiceSpec } from '../../../model/service.js';
import type { TcAlone } from '../../../model/tc-alone.js';
import { type ArtifactName, artifact } from '../../../sys/artifact.js';
import { BpfMap, ObjectFile } from '../../../sys/bpf/bpf-objects.js';
import { using } from '../../../sys/fd.js';
import { Abi, Conf, ConnBucket } from '../abi.gen.js';
import { ClientHop6Set, Conn6Bucket, Ipv6Program, Template6 } from '../abi6.gen.js';
import { FtpPortProgram } from '../ftp.gen.js';
import { pinBeside, pinsBeside } from '../pins/pin-in-place.js';
import { requiredPin } from '../pins/required-pin.js';
import { SctpProgram } from '../sctp.gen.js';
import { helpDestinations } from '../table/ftp.js';
import { isOfFtp, isOfSctp, isWide } from '../table/identity.js';
import { pinnedLayouts } from '../table/layout.js';
import {
  FTP_COMMANDS_PIN,
  FTP_STREAMS_PIN,
  IPV6_ENTRY_PIN,
  IPV6_PINS,
  IPV6_XDP_ENTRY_PIN,
  IPV6_XDP_REFUSED_PIN,
  SCTP_ENTRY_PIN,
  SCTP_PINS,
  SCTP6_ENTRY_PIN,
  SCTP6_PINS,
  type Tables,
  WIDE_ENTRY_PIN,
  WIDE_PINS,
  WIDE_SCTP_ENTRY_PIN,
  WIDE_SCTP_PINS,
  WIDE_SCTP6_ENTRY_PIN,
  WIDE_SCTP6_PINS,
  WIDE6_ENTRY_PIN,
  WIDE6_PINS,
} from '../table/tables.js';
import { WideBucket, WideProgram } from '../wide.gen.js';
import { Wide6Bucket, Wide6Program } from '../wide6.gen.js';
import { forgetOtherBuild, isThisBuild, type SideObject } from './build-pin.js';
import { fillFtp, returnToLinks } from './fullnat.js';
import { PROGRAMS, runHousekeeping } from './load.js';
import { templatesFor } from './object.js';
import type { Preparation } from './once-tried.js';
import { type Extra, loadOnto } from './programs.js';
import { type OnNotice, xdpRefusal } from './refused-xdp.js';
import { enterShortCut, type FileOf, hasShortCut, openShortCut, type ShortCut, shortCutRefusal } from './short-cut.js';
import { FTP_PROGRAM, FTP_TAKEN_PROGRAM, KNOWN_PROGRAM, MARK_PROGRAM, type SideCheck, trySideBuildOnce } from './side-check.js';
import { ipv6Check, ipv6XdpCheck, sctpCheck, wideCheck, wideSctpCheck } from './side-checks.js';
import {
  entriesOf,
  type Fill,
  fill,
  type MakesMaps,
  mapsOf,
  markedBuckets,
  pinMade,
  type SidePins,
  sharedPins,
  usingAll,
} from './side-maps.js';
import type { Route } from './table-move.js';

/** What of a service decides which builds it needs. `helped`: it gets a masqueraded destination, which the helper for FTP is for. */
type NewService = Pick<ServiceSpec, 'key' | 'persistence'> & { readonly helped?: true };

/** A mark may be any protocol's, so that its service needs the builds of SCTP, too. */
const mayBeSctp = (key: ServiceKey): boolean => key.kind === 'fwmark' || isOfSctp(key);

const hasFtpData = ({ key, persistence, helped }: NewService): boolean => helped === true || (isOfFtp(key) && persistence !== undefined);
export interface SideBuild extends MakesMaps {
  readonly file: SideObject;
  /** Its bridging build: used while its connection table gets another size (side-table.ts). */
  readonly bridge: ArtifactName;
  /** The array by which packets enter it: a pin, and a map of the objects on the links, or of the build that it is behind. */
  readonly entryPin: string;
  readonly behind?: SideBuild;
  /** Its programs, by their places in that. */
  readonly entries: readonly (readonly [number, string])[];
  readonly pins: SidePins;
  readonly bucketBytes: number;
  /** What it is tried by before it is loaded onto the tables that packets use. */
  readonly check: SideCheck;
  readonly shortCut?: ShortCut;
  readonly ofSctp?: true; // of SCTP alone
  /** It has the helper for FTP: of which family, and its place in the array by which that comes back from FULLNAT. */
  readonly helpsFtp?: { readonly family: Family; readonly takenPlace: number };
  isFor(service: NewService): boolean;
}

const IPV6_BUILD: SideBuild = {
  file: 'weir-ipv6.bpf.o',
  bridge: 'weir-bridge-ipv6.bpf.o',
  entryPin: IPV6_ENTRY_PIN,
  entries: [
    [Ipv6Program.IPV6_INGRESS, PROGRAMS.ingress],
    [Ipv6Program.IPV6_EGRESS, PROGRAMS.egress],
  ],
  pins: IPV6_PINS,
  bucketBytes: Conn6Bucket.bytes,
  check: ipv6Check,
  shortCut: { file: 'weir-xdp-ipv6.bpf.o', entryPin: IPV6_XDP_ENTRY_PIN, refusedPin: IPV6_XDP_REFUSED_PIN, check: ipv6XdpCheck },
  isFor: ({ key }) => serviceFamily(key) === 'inet6',
};

const SCTP_ENTRIES: SideBuild['entries'] = [
  [SctpProgram.SCTP_INGRESS, PROGRAMS.ingress],
  [SctpProgram.SCTP_EGRESS, PROGRAMS.egress],
];

const SCTP_BUILD: SideBuild = {
  file: 'weir-sctp.bpf.o',
  bridge: 'weir-bridge-sctp.bpf.o',
  entryPin: SCTP_ENTRY_PIN,
  entries: SCTP_ENTRIES,
  pins: SCTP_PINS,
  ofSctp: true,
  bucketBytes: ConnBucket.bytes,
  check: sctpCheck('inet'),
  isFor: ({ key }) => mayBeSctp(key) && serviceFamily(key) === 'inet',
};

const SCTP6_BUILD: SideBuild = {
  file: 'weir-sctp6.bpf.o',
  bridge: 'weir-bridge-sctp6.bpf.o',
  entryPin: SCTP6_ENTRY_PIN,
  behind: IPV6_BUILD,
  entries: SCTP_ENTRIES,
  pins: SCTP6_PINS,
  ofSctp: true,
  bucketBytes: Conn6Bucket.bytes,
  check: sctpCheck('inet6'),
  isFor: ({ key }) => mayBeSctp(key) && serviceFamily(key) === 'inet6',
};

const WIDE_ENTRIES: SideBuild['entries'] = [
  [WideProgram.WIDE_INGRESS, PROGRAMS.ingress],
  [WideProgram.WIDE_EGRESS, PROGRAMS.egress],
  [WideProgram.WIDE_KNOWN, KNOWN_PROGRAM],
  [WideProgram.WIDE_MARK, MARK_PROGRAM],
];
const WIDE6_ENTRIES: SideBuild['entries'] = [
  [Wide6Program.WIDE6_INGRESS, PROGRAMS.ingress],
  [Wide6Program.WIDE6_EGRESS, PROGRAMS.egress],
  [Wide6Program.WIDE6_KNOWN, KNOWN_PROGRAM],
  [Wide6Program.WIDE6_MARK, MARK_PROGRAM],
];

/** One that is behind another one comes after it. */
export const SIDE_BUILDS: readonly SideBuild[] = [
  IPV6_BUILD,
  {
    file: 'weir-wide.bpf.o',
    bridge: 'weir-bridge-wide.bpf.o',
    entryPin: WIDE_ENTRY_PIN,
    entries: [...WIDE_ENTRIES, [WideProgram.WIDE_FTP, FTP_PROGRAM]],
    pins: WIDE_PINS,
    makes: [FTP_STREAMS_PIN, FTP_COMMANDS_PIN],
    helpsFtp: { family: 'inet', takenPlace: FtpPortProgram.FTP_TAKEN },
    bucketBytes: WideBucket.bytes,
    check: wideCheck('inet'),
    isFor: (service) => (isWide(service.key) || hasFtpData(service)) && !isOfSctp(service.key) && serviceFamily(service.key) === 'inet',
  },
  {
    file: 'weir-wide6.bpf.o',
    bridge: 'weir-bridge-wide6.bpf.o',
    entryPin: WIDE6_ENTRY_PIN,
    behind: IPV6_BUILD,
    entries: [...WIDE6_ENTRIES, [Wide6Program.WIDE6_FTP, FTP_PROGRAM]],
    pins: WIDE6_PINS,
    makes: [FTP_STREAMS_PIN, FTP_COMMANDS_PIN],
    helpsFtp: { family: 'inet6', takenPlace: FtpPortProgram.FTP_TAKEN6 },
    bucketBytes: Wide6Bucket.bytes,
    check: wideCheck('inet6'),
    isFor: (service) => (isWide(service.key) || hasFtpData(service)) && !isOfSctp(service.key) && serviceFamily(service.key) === 'inet6',
  },
  SCTP_BUILD,
  SCTP6_BUILD,
  {
    file: 'weir-wide-sctp.bpf.o',
    bridge: 'weir-bridge-wide-sctp.bpf.o',
    entryPin: WIDE_SCTP_ENTRY_PIN,
    behind: SCTP_BUILD,
    entries: WIDE_ENTRIES,
    pins: WIDE_SCTP_PINS,
    ofSctp: true,
    bucketBytes: WideBucket.bytes,
    check: wideSctpCheck('inet'),
    isFor: ({ key }) => mayBeSctp(key) && isWide(key) && serviceFamily(key) === 'inet',
  },
  {
    file: 'weir-wide-sctp6.bpf.o',
    bridge: 'weir-bridge-wide-sctp6.bpf.o',
    entryPin: WIDE_SCTP6_ENTRY_PIN,
    behind: SCTP6_BUILD,
    entries: WIDE6_ENTRIES,
    pins: WIDE_SCTP6_PINS,
    ofSctp: true,
    bucketBytes: Wide6Bucket.bytes,
    check: wideSctpCheck('inet6'),
    isFor: ({ key }) => mayBeSctp(key) && isWide(key) && serviceFamily(key) === 'inet6',
  },
];

/** Has there been a service for it? */
export const isLoaded = (build: SideBuild, folder: string): boolean => existsSync(`${folder}/${build.pins.housekeeping}`);

function makePinned(path: string, name: string, bytes: number, entries: number): void {
  if (existsSync(path)) return;
  using(BpfMap.createArray(name, bytes, entries), (map) => map.pin(path));
}

function makeTemplates({ pins: { conns, templates } }: SideBuild, folder: string): void {
  if (templates === undefined) return;
  makePinned(`${folder}/${templates}`, 'templates', Template6.bytes, templatesFor(entriesOf(folder, conns)));
}

/** How many buckets a table has that is made for a service. */
function bucketsFor({ ofSctp }: SideBuild, { key }: NewService, { conf }: Tables): number {
  const buckets = conf.get(0, Conf.connBuckets);
  return ofSctp === true && key.kind === 'fwmark' ? markedBuckets(buckets) : buckets;
}

/** Makes its maps. */
function makeMaps(build: SideBuild, service: NewService, tables: Tables): void {
  const { folder } = tables;
  const { conns, client_hops: hops } = build.pins;
  if (hops !== undefined) makePinned(`${folder}/${hops}`, 'client_hops', ClientHop6Set.bytes, Abi.CLIENT_HOP_SETS);
  makePinned(`${folder}/${conns}`, 'conns', build.bucketBytes, bucketsFor(build, service, tables));
  makeTemplates(build, folder);
}

/** The build that loaded the tables may have had no templates there. */
function makeLaterMaps(build: SideBuild, tables: Tables): void {
  const { templates } = build.pins;
  if (templates !== undefined && pinnedLayouts(tables)?.[templates] === undefined) makeTemplates(build, tables.folder);
}

/** Puts the pins of new entries into the place of those of before, once no link has the programs that go by these. */
type Replace = () => void;

/** A bridging build in the place of a side build, while its connections move into a table of another layout (takeover-tables.ts). */
export interface SideBridge {
  readonly file: string;
  /** Of its trial. */
  readonly preparation: Preparation;
  readonly extra: Extra;
  /** It is loaded. It stays open, and its timer has not got its code yet. */
  keep(object: ObjectFile): void;
}

/** What the side builds are loaded from. `fileOf`: where their objects are. `bridgeOf`: those in whose place a bridging build is loaded. */
export interface Sides {
  readonly fileOf?: FileOf;
  readonly links?: Route | 'pause'; // for content switching: how the links' connections move; to another layout: pause
  readonly bridgeOf?: (build: SideBuild) => SideBridge | undefined;
}

/** Lets packets go on from a build that is loaded into those behind it, where they are loaded. */
function enterBehind(build: SideBuild, object: ObjectFile, tables: Tables, sides: Sides): readonly Replace[] {
  return SIDE_BUILDS.filter(({ behind }) => behind === build).flatMap((next) =>
    using(object.map(next.entryPin), (entry) => [
      ...(isLoaded(next, tables.folder) ? enter(next, [entry], tables, sides) : []),
      pinBeside(entry, `${tables.folder}/${next.entryPin}`),
    ]),
  );
}

/** Gives the timer of its programs their code. */
export function startTimer(object: ObjectFile): void {
  using(object.program(PROGRAMS.housekeeping), runHousekeeping);
}

/** Lets packets go on from arrays into its programs. */
export function letIn(
  { entries, helpsFtp }: SideBuild,
  object: ObjectFile,
  arrays: readonly BpfMap[],
  folder: string,
  put: Fill = fill,
): void {
  if (helpsFtp !== undefined) fillFtp(folder, object.program(FTP_TAKEN_PROGRAM), helpsFtp.takenPlace);
  for (const [place, name] of entries) using(object.program(name), (program) => put(arrays, place, program));
}

/** The arrays by which packets enter it: those of the programs before, too, where an exchange of them was killed. */
export function withArrays<T>({ entryPin }: SideBuild, folder: string, work: (arrays: readonly BpfMap[]) => T): T {
  const path = `${folder}/${entryPin}`;
  return usingAll([requiredPin(path, BpfMap.pinned), ...pinsBeside(path).map(BpfMap.pinned)], work);
}

/** Loads the short cuts of the side builds that are loaded, behind the XDP program of `object`: not of one with two tables. @throws as enterShortCut */
export function enterShortCuts(object: ObjectFile, tables: Tables, onNotice: OnNotice, { fileOf, bridgeOf }: Sides = {}): void {
  for (const build of SIDE_BUILDS) {
    if (!hasShortCut(build) || !isLoaded(build, tables.folder) || bridgeOf?.(build) !== undefined) continue;
    using(object.map(build.shortCut.entryPin), (entry) => enterShortCut(build, [entry], tables, onNotice, fileOf));
  }
}

/** What goes by tc alone on every interface, since this kernel refuses its program of XDP. */
export const programsRefused = (folder: string): readonly TcAlone[] =>
  [xdpRefusal(folder), ...SIDE_BUILDS.map((build) => (hasShortCut(build) ? shortCutRefusal(build, folder) : undefined))].flatMap(
    (alone) => alone ?? [],
  );

/** Tries the short cuts again that this kernel has refused. @throws as enterShortCut */
export function retryShortCuts(tables: Tables, onNotice: OnNotice): void {
  for (const build of SIDE_BUILDS) {
    if (!hasShortCut(build) || shortCutRefusal(build, tables.folder) === undefined) continue;
    if (openShortCut(build, tables, onNotice)) onNotice(`${build.check.label} goes by XDP again`);
  }
}

/**
 * Loads it onto the maps that are pinned, and lets packets go on into it from `arrays`. What is returned: of a build that was loaded before.
 * @throws WeirError kernel-refuses-datapath, pin-missing
 */
function enter(build: SideBuild, arrays: readonly BpfMap[], tables: Tables, sides: Sides): readonly Replace[] {
  const { folder } = tables;
  const { fileOf = artifact, bridgeOf } = sides;
  const known = isLoaded(build, folder);
  const bridge = bridgeOf?.(build);
  const object = new ObjectFile(bridge?.file ?? fileOf(build.file));
  try {
    const own = { ...build.pins, ...sharedPins(build, folder, bridge !== undefined) };
    const pins = { ...own, housekeeping: known ? build.pins.housekeeping : undefined, ...bridge?.extra.pins };
    loadOnto(object, folder, tables, { ...mapsOf(build, folder), ...bridge?.extra, pins });
    pinMade(build, object, folder);
    const replaces = enterBehind(build, object, tables, sides);
    if (bridge === undefined) startTimer(object);
    letIn(build, object, arrays, folder);
    if (build.helpsFtp !== undefined) helpDestinations(tables, build.helpsFtp.family);
    if (known) return replaces;
    // Its last pin is the timer's: who finds that takes the others for present.
    for (const replace of replaces) replace();
    using(object.map('housekeeping'), (map) => map.pin(`${folder}/${build.pins.housekeeping}`));
    return [];
  } finally {
    if (bridge === undefined) object.close();
    else bridge.keep(object);
  }
}

/** Tries those that are loaded, as this build has them. @throws WeirError kernel-refuses-datapath, self-check-failed */
export function trySideBuilds(tables: Tables, { fileOf = artifact, bridgeOf }: Sides = {}): void {
  for (const build of SIDE_BUILDS.filter((each) => isLoaded(each, tables.folder))) {
    const bridge = bridgeOf?.(build);
    trySideBuildOnce(bridge?.file ?? fileOf(build.file), tables, build.check, bridge?.preparation);
  }
}

/**
 * Loads the side builds that are loaded again, behind the programs of `object`. Returns what is to follow when these are on the links.
 * @throws as enter
 */
export function enterSideBuilds(object: ObjectFile, tables: Tables, sides: Sides = {}): readonly Replace[] {
  return SIDE_BUILDS.filter((build) => build.behind === undefined && isLoaded(build, tables.folder)).flatMap((build) => {
    makeLaterMaps(build, tables);
    return using(object.map(build.entryPin), (entry) => enter(build, [entry], tables, sides));
  });
}

/** Programs of another build may go by a smaller array than this one fills, or by none. @throws WeirError programs-without-place, pin-missing */
function checkPlaces(build: SideBuild, folder: string): void {
  const places = 1 + Math.max(...build.entries.map(([place]) => place));
  const hasPlaces = (arrays: readonly BpfMap[]): boolean => arrays.some((array) => array.info().maxEntries >= places);
  const isMissing = !existsSync(`${folder}/${build.entryPin}`) && !isThisBuild(folder);
  if (isMissing || !withArrays(build, folder, hasPlaces)) throw new WeirError('programs-without-place', { label: build.check.label });
}

/**
 * Tries and loads what a service needs and is missing. The caller holds the lock. `fileOf`: where the objects are. A short cut that this kernel
 * refuses is done without.
 * @throws WeirError kernel-refuses-datapath, self-check-failed, pin-missing, programs-without-place, bpf-table-refused
 */
export function ensureSideBuilds(tables: Tables, service: NewService, onNotice: OnNotice, fileOf: FileOf = artifact): void {
  const { folder } = tables;
  for (const build of SIDE_BUILDS) {
    if (!build.isFor(service) || isLoaded(build, folder)) continue;
    checkPlaces(build, folder);
    trySideBuildOnce(fileOf(build.file), tables, build.check);
    makeMaps(build, service, tables);
    forgetOtherBuild(folder);
    if (hasShortCut(build)) openShortCut(build, tables, onNotice, fileOf);
    returnToLinks(folder);
    withArrays(build, folder, (arrays) => enter(build, arrays, tables, { fileOf }));
  }
}
