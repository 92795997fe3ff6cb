// The XDP program is loaded when the first interface takes it, onto the pinned maps of the others: until then it costs no time.
//
//   killed before it is pinned     nothing had begun: the next command that finds such an interface loads it
import { existsSync } from 'node:fs';
import { artifact } from '../../../sys/artifact.js';
import { ObjectFile } from '../../../sys/bpf/bpf-objects.js';
import { using } from '../../../sys/fd.js';
import type { Tables } from '../table/tables.js';
import { choosePrograms, PROGRAMS, type ProgramKind, programKinds } from './load.js';
import { loadOnto, tryProgramsOnce } from './programs.js';

const isXdpLoaded = (folder: string): boolean => existsSync(`${folder}/${PROGRAMS.xdp}`);

/** The programs that another build must replace. */
export const kindsLoaded = (folder: string): readonly ProgramKind[] => programKinds(isXdpLoaded(folder));

/** Loads it where it is missing. The caller holds the lock. @throws WeirError kernel-refuses-datapath, self-check-failed, pin-missing */
export function ensureXdp(tables: Tables, file: string = artifact('weir.bpf.o')): void {
  const { folder } = tables;
  if (isXdpLoaded(folder)) return;
  tryProgramsOnce(file, tables, ['xdp']);
  using(new ObjectFile(file), (object) => {
    choosePrograms(object, ['xdp']);
    loadOnto(object, folder, tables);
    using(object.program(PROGRAMS.xdp), (program) => program.pin(`${folder}/${PROGRAMS.xdp}`));
  });
}
