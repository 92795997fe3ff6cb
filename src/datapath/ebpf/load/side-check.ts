// Tries a build that others enter, before it is loaded onto the tables that packets use: on tables of its own, which are thrown away.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { ObjectFile } from '../../../sys/bpf/bpf-objects.js';
import { using } from '../../../sys/fd.js';
import type { Tables } from '../table/tables.js';
import { loadAlone, PROGRAMS } from './load.js';
import { sizesOf } from './object.js';
import { onceTried, type Preparation, triedFolder } from './once-tried.js';
import { hashKeys, TRIAL } from './programs.js';
import { type StagedClient, stageAll } from './trial-tables.js';
import { tryVector } from './try-vector.js';
import type { StagedService, Vector } from './vectors/vector.js';

/** Of the wide builds alone. */
export const KNOWN_PROGRAM = 'weir_tc_known';
export const MARK_PROGRAM = 'weir_tc_mark';
/** The helper for FTP, of those without SCTP. */
export const FTP_PROGRAM = 'weir_tc_ftp';
export const FTP_TAKEN_PROGRAM = 'weir_tc_ftp_taken';

/** `xdp`: of a short cut. */
export type SideProgram = 'ingress' | 'egress' | 'known' | 'mark' | 'xdp';

/** What a build has to do with which services. `label`: before the names of the vectors in messages. `shortCut`: it has XDP's program alone. */
export interface SideCheck {
  readonly label: string;
  readonly shortCut?: true;
  readonly client: StagedClient;
  services(): readonly StagedService[];
  vectors(): readonly Vector<SideProgram>[];
}

const NAMES: Readonly<Record<SideProgram, string>> = {
  ingress: PROGRAMS.ingress,
  egress: PROGRAMS.egress,
  known: KNOWN_PROGRAM,
  mark: MARK_PROGRAM,
  xdp: PROGRAMS.xdp,
};

/** `tables`: whose hash keys are used. `prepare`: what it needs besides. @throws WeirError kernel-refuses-datapath, self-check-failed */
export function trySideBuild(
  file: string,
  tables: Tables,
  { label, shortCut, client, services, vectors }: SideCheck,
  prepare: (object: ObjectFile) => void = () => {},
): void {
  using(new ObjectFile(file), (object) => {
    prepare(object);
    if (shortCut !== true) object.autoload(PROGRAMS.housekeeping, false);
    stageAll(object, loadAlone(object, TRIAL, sizesOf(TRIAL), hashKeys(tables)), services(), client);
    for (const vector of vectors()) tryVector(object, NAMES[vector.program], { ...vector, name: `${label} ${vector.name}` });
  });
}

/** Makes it only where this machine's kernel has not done the same right before. @throws as trySideBuild */
export function trySideBuildOnce(file: string, tables: Tables, check: SideCheck, preparation?: Preparation): void {
  const what = JSON.stringify([check.label, check.client, check.services(), check.vectors(), preparation?.name]);
  onceTried(triedFolder(tables), basename(file), [readFileSync(file), what], () => trySideBuild(file, tables, check, preparation?.prepare));
}
