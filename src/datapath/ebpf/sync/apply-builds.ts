// The programs that put connections into the tables (bpf/director/apply.h), one for each table. They are loaded when the first connection comes that
// is for it, and stay loaded as long as their table is the one that is pinned.
import { existsSync } from 'node:fs';
import type { Family } from '../../../model/address.js';
import { type ArtifactName, artifact } from '../../../sys/artifact.js';
import { BpfMap, ObjectFile, type Program } from '../../../sys/bpf/bpf-objects.js';
import { Records } from '../../../sys/bpf/records.js';
import { using } from '../../../sys/fd.js';
import { Conf } from '../abi.gen.js';
import { ApplyPage, ApplyRecord } from '../apply.gen.js';
import { loadOnto } from '../load/programs.js';
import { mapsOf, type SidePins } from '../load/side-maps.js';
import { requiredPin } from '../pins/required-pin.js';
import {
  IPV6_PINS,
  SCTP_PINS,
  SCTP6_PINS,
  TABLE_PIN,
  type Tables,
  TEMPLATES_PIN,
  WIDE_PINS,
  WIDE_SCTP_PINS,
  WIDE_SCTP6_PINS,
  WIDE6_PINS,
} from '../table/tables.js';

interface ApplyBuild {
  readonly file: ArtifactName;
  /** undefined: the programs on the links. */
  readonly pins?: SidePins;
}

export type TableKind = `${Family}${'' | ' sctp'}${'' | ' wide'}`;

const BUILDS: Readonly<Record<TableKind, ApplyBuild>> = {
  inet: { file: 'weir-apply.bpf.o' },
  'inet wide': { file: 'weir-apply-wide.bpf.o', pins: WIDE_PINS },
  'inet sctp': { file: 'weir-apply-sctp.bpf.o', pins: SCTP_PINS },
  'inet sctp wide': { file: 'weir-apply-wide-sctp.bpf.o', pins: WIDE_SCTP_PINS },
  inet6: { file: 'weir-apply-ipv6.bpf.o', pins: IPV6_PINS },
  'inet6 wide': { file: 'weir-apply-wide6.bpf.o', pins: WIDE6_PINS },
  'inet6 sctp': { file: 'weir-apply-sctp6.bpf.o', pins: SCTP6_PINS },
  'inet6 sctp wide': { file: 'weir-apply-wide-sctp6.bpf.o', pins: WIDE_SCTP6_PINS },
};

/** Which table a connection is in. Asked for each one: no text is made. */
export function tableKind(family: Family, sctp: boolean, wide: boolean): TableKind {
  if (family === 'inet') return sctp ? (wide ? 'inet sctp wide' : 'inet sctp') : wide ? 'inet wide' : 'inet';
  return sctp ? (wide ? 'inet6 sctp wide' : 'inet6 sctp') : wide ? 'inet6 wide' : 'inet6';
}

const PROGRAM = 'weir_apply';

/** A program that is loaded, and the page that it works through. */
export class LoadedApply {
  constructor(
    /** The number of the map that its connections go into. */
    readonly table: number,
    readonly program: Program,
    /** Record 0 is the head of the page. */
    readonly page: Records,
    readonly object: ObjectFile,
  ) {}

  close(): void {
    this.program.close();
    this.object.close();
  }
}

/** Of a table's connections. */
export const connectionsPin = (kind: TableKind): string => BUILDS[kind].pins?.conns ?? TABLE_PIN;

/** Of its templates, which all tables of a family share. */
export const templatesPin = (kind: TableKind): string => (kind.startsWith('inet6') ? IPV6_PINS.templates : TEMPLATES_PIN);

/** The number of the pinned table; undefined: it is not there. @throws SystemError */
export function tableNumber(tables: Tables, kind: TableKind): number | undefined {
  const path = `${tables.folder}/${connectionsPin(kind)}`;
  return existsSync(path) ? using(requiredPin(path, BpfMap.pinned), (map) => map.info().id) : undefined;
}

function pageOf(object: ObjectFile): Records {
  return using(object.map('apply_page'), (map) => new Records(map.mmap(ApplyPage.bytes, true), ApplyRecord.bytes));
}

/** Loads the program onto the pinned maps. The caller holds the lock. @throws WeirError kernel-refuses-datapath, pin-missing */
export function loadApply(tables: Tables, kind: TableKind, table: number): LoadedApply {
  const build = BUILDS[kind];
  const { folder } = tables;
  const maps =
    build.pins === undefined
      ? { buckets: tables.conf.get(0, Conf.connBuckets), configure: () => {} }
      : mapsOf({ pins: build.pins }, folder);
  const object = new ObjectFile(artifact(build.file));
  try {
    loadOnto(object, folder, tables, { ...maps, pins: { ...build.pins, housekeeping: undefined } });
    return new LoadedApply(table, object.program(PROGRAM), pageOf(object), object);
  } catch (error) {
    object.close();
    throw error;
  }
}
