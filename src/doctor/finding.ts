// What doctor says: one thing that is wrong, why, and the command that mends it.

export type Level = 'error' | 'warning' | 'info';

export interface Finding {
  readonly level: Level;
  /** A stable name of the rule's verdict, for scripts. */
  readonly code: string;
  readonly what: string;
  readonly cause: string;
  /** A command, or what a person has to do; absent where nothing needs mending. */
  readonly mend?: string;
}

const LABELS: Readonly<Record<Level, string>> = { error: 'ERROR', warning: 'WARN ', info: 'INFO ' };

/** One line: `LEVEL  what is wrong: cause — mend: command`. */
export function findingLine({ level, what, cause, mend }: Finding): string {
  return `${LABELS[level]}  ${what}: ${cause}${mend === undefined ? '' : ` — mend: ${mend}`}`;
}

/** 0: fine, 1: warnings, 2: errors. What is only told does not count. */
export function exitStatus(findings: readonly Finding[]): 0 | 1 | 2 {
  return findings.some(({ level }) => level === 'error') ? 2 : findings.some(({ level }) => level === 'warning') ? 1 : 0;
}

const ORDER: readonly Level[] = ['error', 'warning', 'info'];

/** Worst first, otherwise in the order in which they were found; the same line twice is said once. */
export function sorted(findings: readonly Finding[]): readonly Finding[] {
  const seen = new Set<string>();
  return ORDER.flatMap((level) => findings.filter((one) => one.level === level)).filter((one) => {
    const line = findingLine(one);
    return !seen.has(line) && seen.add(line);
  });
}
