// weir's own file in /etc/sysctl.d: what it has for a role, and its text.
import type { TuningRole } from '../../model/tuning/row.js';
import { sysctlName } from '../realserver/arp-settings.js';
import type { TuningLine } from './plan.js';
import type { SavedTuning } from './saved.js';
import { sysctlEntries } from './sysctl-files.js';

export const dropInPath = (role: TuningRole): string => `/etc/sysctl.d/60-weir-${role}.conf`;

/**
 * The values for the next boot, by path. A value that was good enough without weir is not written: a later kernel may choose a better one.
 * `present`: the text of the file that is there.
 */
export function dropInValues(lines: readonly TuningLine[], saved: SavedTuning, present: string | undefined): ReadonlyMap<string, string> {
  const known = new Set([...saved.settings.map(({ path }) => path), ...sysctlEntries(present ?? '').map(({ pattern }) => pattern)]);
  return new Map(
    lines.flatMap(({ path, state, wanted, row }) =>
      wanted !== undefined && state !== 'of-host' && (state === 'differs' || row.rule.kind === 'exactly' || known.has(path))
        ? [[path, wanted] as const]
        : [],
    ),
  );
}

export function dropInText(role: TuningRole, lines: readonly TuningLine[], values: ReadonlyMap<string, string>): string {
  const rows = [...new Set(lines.filter(({ path }) => values.has(path)).map(({ row }) => row))];
  const parts = rows.map((row) => {
    const settings = lines.filter((line) => line.row === row && values.has(line.path));
    return `\n# ${row.reason}.\n${settings.map(({ path }) => `${sysctlName(path)} = ${values.get(path)}\n`).join('')}`;
  });
  return `# Written by "weir tune --role ${role} --persist"; removed by "weir tune --role ${role} --undo --persist".\n${parts.join('')}`;
}
