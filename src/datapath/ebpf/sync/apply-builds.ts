// The programs that put connections into the tables (bpf/director/apply.h), one for each table.
import type { Family } from '../../../model/address.js';
import type { ArtifactName } from '../../../sys/artifact.js';
import { Conf } from '../abi.gen.js';
import { ApplyPage, ApplyRecord } from '../apply.gen.js';
import { loadOnto } from '../load/programs.js';
import { mapsOf, type SidePins } from '../load/side-maps.js';
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
import { type LoadedPage, loadPage } from './open-pages.js';

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

/** Of a table's connections. */
export const connectionsPin = (kind: TableKind): string => BUILDS[kind].pins?.conns ?? TABLE_PIN;

/** Of its templates, which all tables of a family share. */
export const templatesPin = (kind: TableKind): string => (kind.startsWith('inet6') ? IPV6_PINS.templates : TEMPLATES_PIN);

const PAGE = { program: 'weir_apply', page: 'apply_page', bytes: ApplyPage.bytes, recordBytes: ApplyRecord.bytes } as const;

/** As loadPage(). */
export function loadApply(tables: Tables, kind: TableKind, table: number): LoadedPage {
  const { file, pins } = BUILDS[kind];
  const { folder } = tables;
  const maps = pins === undefined ? { buckets: tables.conf.get(0, Conf.connBuckets), configure: () => {} } : mapsOf({ pins }, folder);
  return loadPage({ file, ...PAGE }, table, (object) =>
    loadOnto(object, folder, tables, { ...maps, pins: { ...pins, housekeeping: undefined } }),
  );
}
