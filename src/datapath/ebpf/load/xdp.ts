// The XDP program is loaded when the first interface takes it, onto the pinned maps of the others: until then it costs no time.
//
//   killed before it is pinned     nothing had begun: the next command that finds such an interface loads it
import { artifact } from '../../../sys/artifact.js';
import { ObjectFile } from '../../../sys/bpf/bpf-objects.js';
import { using } from '../../../sys/fd.js';
import { pinInPlace } from '../pins/pin-in-place.js';
import { IPV6_XDP_ENTRY_PIN, type Tables } from '../table/tables.js';
import { forgetOtherBuild } from './build-pin.js';
import { choosePrograms, isXdpLoaded, PROGRAMS, type ProgramKind, programKinds } from './load.js';
import { loadOnto, tryProgramsOnce } from './programs.js';
import type { OnNotice } from './short-cut.js';
import { enterShortCuts } from './side-builds.js';

/** The programs that another build must replace. */
export const kindsLoaded = (folder: string): readonly ProgramKind[] => programKinds(isXdpLoaded(folder));

/** Loads it where it is missing. The caller holds the lock. @throws WeirError kernel-refuses-datapath, self-check-failed, pin-missing */
export function ensureXdp(tables: Tables, onNotice: OnNotice, file: string = artifact('weir.bpf.o')): void {
  const { folder } = tables;
  if (isXdpLoaded(folder)) return;
  tryProgramsOnce(file, tables, ['xdp']);
  using(new ObjectFile(file), (object) => {
    choosePrograms(object, ['xdp']);
    loadOnto(object, folder, tables);
    enterShortCuts(object, tables, onNotice);
    forgetOtherBuild(folder, file);
    using(object.map(IPV6_XDP_ENTRY_PIN), (entry) => pinInPlace(entry, `${folder}/${IPV6_XDP_ENTRY_PIN}`));
    using(object.program(PROGRAMS.xdp), (program) => program.pin(`${folder}/${PROGRAMS.xdp}`));
  });
}
