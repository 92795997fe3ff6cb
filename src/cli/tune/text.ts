// What weir tune prints: the table for people and as JSON.
import { sysctlName } from '../../control/realserver/arp-settings.js';
import type { TuningLine } from '../../control/tuning/plan.js';
import type { OtherSetting } from '../../control/tuning/sysctl-files.js';
import type { RefusedRow, TuningRow } from '../../model/tuning/row.js';

/** weir's file for the next boot, beside what it is to be. */
export interface DropInReport {
  readonly path: string;
  readonly same: boolean;
  readonly others: readonly OtherSetting[];
}

export interface TuningReport {
  readonly lines: readonly TuningLine[];
  readonly idle: readonly TuningRow[];
  readonly refused: readonly RefusedRow[];
  readonly files: readonly DropInReport[];
}

function lineText({ path, state, now, wanted, row }: TuningLine): string {
  const key = sysctlName(path);
  switch (state) {
    case 'fine':
      return `${key} = ${now}`;
    case 'differs':
      return `${key} = ${now}, wanted: ${wanted}`;
    case 'unreadable':
      return `${key} = ${now}: not a number, and left as it is`;
    case 'of-host':
      return `${key}${now === undefined ? '' : ` = ${now}, wanted: ${wanted}`}: of the whole host, and not of this network namespace`;
    case 'absent':
      return `${key}: not on this kernel${row.path.includes('/netfilter/') ? ', or its module is not loaded' : ''}`;
  }
}

export const otherText = ({ file, line, key, value, ours, wins }: OtherSetting): string =>
  `${file}:${line}: ${key} = ${value}, and not ${ours}: ${wins ? 'it is read after the file of weir, and counts at boot' : 'the file of weir is read after it, and counts'}`;

function fileText({ path, same, others }: DropInReport): string {
  return [same ? `${path} is as wanted` : `${path} differs from what is wanted`, ...others.map((one) => `  ${otherText(one)}`)].join('\n');
}

/** `only`: what differs alone. */
export function reportText({ lines, idle, refused, files }: TuningReport, only: 'differs' | 'all'): string {
  const shown = only === 'all' ? lines : lines.filter(({ state }) => state === 'differs');
  const rows = [...new Set(shown.map(({ row }) => row))].map((row) => [
    ...shown.filter((line) => line.row === row).map(lineText),
    `    why:  ${row.reason}`,
    `    harm: ${row.harm}`,
  ]);
  const more =
    only === 'differs'
      ? []
      : [
          ...(idle.length === 0
            ? []
            : [`nothing for a director, whose connections end at others: ${idle.map(({ path }) => sysctlName(path)).join(' ')}`]),
          ...refused.map(({ path, why }) => `never: ${sysctlName(path)}: ${why}`),
        ];
  return [...rows.flat(), ...more, ...files.filter(({ same, others }) => only === 'all' || !same || others.length > 0).map(fileText)]
    .map((line) => `${line}\n`)
    .join('');
}

const lineJson = ({ path, state, now, wanted, row }: TuningLine): object => ({
  key: sysctlName(path),
  path,
  state,
  ...(now === undefined ? {} : { now }),
  ...(wanted === undefined ? {} : { wanted }),
  why: row.reason,
  harm: row.harm,
});

export const reportJson = ({ lines, idle, refused, files }: TuningReport): object => ({
  settings: lines.map(lineJson),
  idle: idle.map(({ path }) => sysctlName(path)),
  refused: refused.map(({ path, why }) => ({ key: sysctlName(path), why })),
  files,
});

/** Whether everything is as wanted, on this host now and, where asked for, at its next boot. */
export const isTuned = ({ lines, files }: TuningReport): boolean =>
  lines.every(({ state }) => state !== 'differs') && files.every(({ same }) => same);
