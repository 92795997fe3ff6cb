// The programs of FULLNAT: of each family those for TCP and UDP, and those for SCTP, loaded when the first destination comes that needs them, onto the
// pinned maps of the others. All builds enter them by an array, which is empty until then, and by which replies come back to the program on the links.
// They have no connections, so that nothing moves when they are exchanged. Where a table of connections is another one, they are loaded again.
//
//   killed before the array was filled           no destination was added: the next one loads them again
//   killed while programs were exchanged         no pin names a build: the next exchange does all of it again
import { existsSync } from 'node:fs';
import type { Family } from '../../../model/address.js';
import { serviceFamily } from '../../../model/identity.js';
import type { ServiceKey } from '../../../model/service.js';
import { type ArtifactName, artifact } from '../../../sys/artifact.js';
import { BpfMap, ObjectFile, Program } from '../../../sys/bpf/bpf-objects.js';
import { u32 } from '../../../sys/bpf/records.js';
import { using } from '../../../sys/fd.js';
import { Abi, Conf } from '../abi.gen.js';
import { FtpPortProgram } from '../ftp.gen.js';
import { FullnatAbi, FullnatBuild, FullnatProgram, FullnatXdpProgram } from '../fullnat.gen.js';
import { pinInPlace } from '../pins/pin-in-place.js';
import { requiredPin } from '../pins/required-pin.js';
import { isOfSctp } from '../table/identity.js';
import { LEASES_PIN } from '../table/quick-pins.js';
import { FULLNAT_FTP_PIN, FULLNAT_TC_PIN, FULLNAT_XDP_PIN, fullnatPins, IPV6_PINS, type Tables } from '../table/tables.js';
import { forgetOtherBuild } from './build-pin.js';
import { isXdpLoaded, PROGRAMS, runHousekeeping } from './load.js';
import { type Extra, loadOnto } from './programs.js';
import { giveQuickTables, leaseSets } from './quick-tables.js';
import type { FileOf } from './short-cut.js';
import { mapsOf } from './side-maps.js';

interface Build {
  readonly file: ArtifactName & Parameters<FileOf>[0];
  readonly number: number;
  readonly family: Family;
  /** On the maps of those for TCP and UDP, whose timer ends its flows, too. */
  readonly sctp: boolean;
}

const BUILDS: readonly Build[] = [
  { file: 'weir-fullnat.bpf.o', number: FullnatBuild.FULLNAT_INET, family: 'inet', sctp: false },
  { file: 'weir-fullnat6.bpf.o', number: FullnatBuild.FULLNAT_INET6, family: 'inet6', sctp: false },
  { file: 'weir-fullnat-sctp.bpf.o', number: FullnatBuild.FULLNAT_SCTP, family: 'inet', sctp: true },
  { file: 'weir-fullnat-sctp6.bpf.o', number: FullnatBuild.FULLNAT_SCTP6, family: 'inet6', sctp: true },
];

/** In the order in which their places are filled: that of requests last. */
const ENTRIES = [
  ['weir_fullnat_reply', FullnatProgram.FULLNAT_REPLY],
  ['weir_fullnat_error_in', FullnatProgram.FULLNAT_ERROR_IN],
  ['weir_fullnat_error_out', FullnatProgram.FULLNAT_ERROR_OUT],
  ['weir_fullnat_request', FullnatProgram.FULLNAT_REQUEST],
] as const;
/** Of TCP alone. */
const ANSWER = 'weir_fullnat_answer';
const ANSWER_PLACES: Readonly<Record<Family, number>> = { inet: FullnatAbi.FULLNAT_ANSWER, inet6: FullnatAbi.FULLNAT_ANSWER6 };
/** A client of FTP names its endpoint. */
const FTP = 'weir_fullnat_ftp';
const FTP_PLACES: Readonly<Record<Family, number>> = { inet: FtpPortProgram.FTP_TAKE, inet6: FtpPortProgram.FTP_TAKE6 };
const TIMER = 'weir_fullnat_timer';
/** XDP's, for what is not SCTP. */
const XDP_ENTRIES: Readonly<Record<Family, readonly (readonly [string, number])[]>> = {
  inet: [
    ['weir_fullnat_xdp_request', FullnatXdpProgram.FULLNAT_XDP_REQUEST],
    ['weir_fullnat_xdp_reply', FullnatXdpProgram.FULLNAT_XDP_REPLY],
  ],
  inet6: [
    ['weir_fullnat_xdp_request', FullnatXdpProgram.FULLNAT_XDP_REQUEST6],
    ['weir_fullnat_xdp_reply', FullnatXdpProgram.FULLNAT_XDP_REPLY6],
  ],
};

const withArray = <T>(folder: string, pin: string, work: (array: BpfMap) => T): T =>
  using(requiredPin(`${folder}/${pin}`, BpfMap.pinned), work);

/** Puts a program into a place of a pinned array, and closes it. */
const put = (folder: string, pin: string, place: number, program: Program): void =>
  using(program, () => withArray(folder, pin, (array) => array.update(u32(place), u32(program.fd.number))));

const placeOf = ({ number }: Build, program: number): number => number * FullnatAbi.FULLNAT_BUILD_PLACES + program;

/** Are its programs loaded? */
const isEntered = (folder: string, build: Build): boolean =>
  existsSync(`${folder}/${FULLNAT_TC_PIN}`) &&
  withArray(folder, FULLNAT_TC_PIN, (array) => array.lookup(u32(placeOf(build, FullnatProgram.FULLNAT_REQUEST)), u32(0)));

/** Of SCTP those of TCP and UDP, too; a mark has all protocols. */
const buildsFor = (service: ServiceKey): readonly Build[] =>
  BUILDS.filter(({ family, sctp }) => family === serviceFamily(service) && (!sctp || isOfSctp(service) || service.kind === 'fwmark'));

/** The maps of the connections' programs, of which their timer reads the connections of FTP, and their own. */
export function mapsForFlows(family: Family, { folder, conf }: Tables): Extra {
  const buckets = conf.get(0, Conf.connBuckets);
  const own = Object.entries(fullnatPins(family)).map(([name, pin]) => [name, existsSync(`${folder}/${pin}`) ? pin : undefined] as const);
  const others = family === 'inet' ? { buckets, pins: {} } : { ...mapsOf({ pins: IPV6_PINS }, folder), pins: IPV6_PINS };
  return {
    ...others,
    pins: { ...others.pins, housekeeping: undefined, ...Object.fromEntries(own) },
    configure: (object) => {
      object.mapEntries('fullnat_dests', conf.get(0, Conf.maxDests));
      for (const name of ['fullnat_clients', 'fullnat_virtuals', 'fullnat_foreign']) object.mapEntries(name, buckets * Abi.BUCKET_SLOTS);
    },
  };
}

/** And the leases of flows, which no other build has: as many places as connections are planned for. */
const withLeases = (maps: Extra, { conf }: Tables): Extra => ({
  ...maps,
  configure: (object) => {
    maps.configure?.(object);
    object.mapEntries(LEASES_PIN, leaseSets(conf.get(0, Conf.connBuckets)));
  },
});

/** The programs on the links to which replies come back from their flows. */
function fillReturns(folder: string): void {
  put(folder, FULLNAT_TC_PIN, FullnatAbi.FULLNAT_RETURN, requiredPin(`${folder}/${PROGRAMS.ingress}`, Program.pinned));
  returnToXdp(folder);
}

/** From here on replies come back to XDP's program, where that is loaded; where it is not, they find none. */
export function returnToXdp(folder: string): void {
  if (!existsSync(`${folder}/${FULLNAT_XDP_PIN}`)) return; /* another build's pins: its programs enter none by XDP */
  const place = FullnatXdpProgram.FULLNAT_XDP_RETURN;
  if (isXdpLoaded(folder)) put(folder, FULLNAT_XDP_PIN, place, Program.pinned(`${folder}/${PROGRAMS.xdp}`));
  else withArray(folder, FULLNAT_XDP_PIN, (array) => array.delete(u32(place)));
}

/** Puts a program into a place of the array between these and the helper for FTP, and closes it. */
export const fillFtp = (folder: string, program: Program, place: number): void => put(folder, FULLNAT_FTP_PIN, place, program);

function enter(build: Build, tables: Tables, fileOf: FileOf): void {
  const { folder } = tables;
  const { family, sctp } = build;
  using(new ObjectFile(fileOf(build.file)), (object) => {
    const maps = mapsForFlows(family, tables);
    loadOnto(object, folder, tables, sctp ? maps : withLeases(maps, tables));
    for (const [name, pin] of Object.entries(fullnatPins(family)))
      if (!existsSync(`${folder}/${pin}`)) using(object.map(name), (map) => pinInPlace(map, `${folder}/${pin}`));
    if (!sctp && family === 'inet') using(object.map(LEASES_PIN), (map) => pinInPlace(map, `${folder}/${LEASES_PIN}`));
    if (!sctp) using(object.program(TIMER), runHousekeeping);
    if (!sctp) fillFtp(folder, object.program(FTP), FTP_PLACES[family]);
    fillReturns(folder);
    if (!sctp) for (const [name, place] of XDP_ENTRIES[family]) put(folder, FULLNAT_XDP_PIN, place, object.program(name));
    if (!sctp) put(folder, FULLNAT_TC_PIN, ANSWER_PLACES[family], object.program(ANSWER));
    for (const [name, place] of ENTRIES) put(folder, FULLNAT_TC_PIN, placeOf(build, place), object.program(name));
  });
}

/**
 * Loads what a destination by FULLNAT of a service needs and is missing. The caller holds the lock.
 * @throws WeirError kernel-refuses-datapath, pin-missing, bpf-table-refused, timer-not-started
 */
export function ensureFullnat(tables: Tables, service: ServiceKey): void {
  for (const build of buildsFor(service)) {
    if (isEntered(tables.folder, build)) continue;
    forgetOtherBuild(tables.folder);
    enter(build, tables, artifact);
    giveQuickTables(tables.folder);
  }
}

/** Puts this build's programs into the places of those that are loaded. @throws as ensureFullnat */
export function exchangeFullnat(tables: Tables, fileOf: FileOf = artifact): void {
  for (const build of BUILDS) if (isEntered(tables.folder, build)) enter(build, tables, fileOf);
}

/** From here on packets come back to the programs on the links that are pinned: replies from their flows, and beginnings from the wide builds. */
export function returnToLinks(folder: string): void {
  if (existsSync(`${folder}/${FULLNAT_TC_PIN}`)) fillReturns(folder);
}
