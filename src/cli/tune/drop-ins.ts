// weir's files in /etc/sysctl.d: how they are, written, removed.
import { dropInPath, dropInText, dropInValues } from '../../control/tuning/drop-in.js';
import { type TuningChoice, type TuningReading, tuningLines } from '../../control/tuning/plan.js';
import type { SavedTuning } from '../../control/tuning/saved.js';
import { otherSettings } from '../../control/tuning/sysctl-files.js';
import { removePersistFiles, writePersistFiles } from '../../host/persist.js';
import { sysctlFiles } from '../../host/tuning/sysctl-folders.js';
import { TUNING_ROLES, type TuningRole } from '../../model/tuning/row.js';
import type { DropInReport } from './text.js';

const MODE = 0o644;

interface DropIn extends DropInReport {
  readonly text: string;
}

/** A file for each role. `root`: as of writePersistFiles. @throws SystemError */
function dropIns(choice: TuningChoice, reading: TuningReading, saved: SavedTuning, root: string): readonly DropIn[] {
  const files = sysctlFiles(root);
  return choice.roles.map((role) => {
    const path = dropInPath(role);
    const present = files.find((file) => file.path === path)?.text;
    const lines = tuningLines({ ...choice, roles: [role] }, reading);
    const values = dropInValues(lines, saved, present);
    const text = dropInText(role, lines, values);
    return { path, text, same: present === text, others: otherSettings(files, path, values) };
  });
}

export const reportDropIns = (...given: Parameters<typeof dropIns>): readonly DropInReport[] =>
  dropIns(...given).map(({ path, same, others }) => ({ path, same, others }));

/** The paths that were written, and how the files are now. @throws SystemError */
export function writeDropIns(...given: Parameters<typeof dropIns>): {
  readonly written: readonly string[];
  readonly files: readonly DropInReport[];
} {
  const root = given[3];
  const written = writePersistFiles(
    root,
    dropIns(...given).map(({ path, text }) => ({ path, text, mode: MODE })),
  );
  return { written, files: reportDropIns(...given) };
}

/** The paths that were removed; without roles, of all. @throws SystemError */
export const removeDropIns = (roles: readonly TuningRole[] | undefined, root: string): readonly string[] =>
  removePersistFiles(root, (roles ?? TUNING_ROLES).map(dropInPath));
