// One thing that is wrong, as doctor and lint report it, and its one form as text and as JSON.

export type FindingSeverity = 'error' | 'warning' | 'info';

/** A line of a file. Lines count from 1. */
export interface FindingPlace {
  readonly file: string;
  readonly line: number;
}

export interface Finding {
  readonly severity: FindingSeverity;
  /** A stable name of the verdict, for scripts. */
  readonly code: string;
  /** Where, when the finding is about a file. */
  readonly at?: FindingPlace;
  readonly what: string;
  readonly cause: string;
  /** doctor: commands for a shell, executable as they are. lint: what to do in the file. */
  readonly fix?: string;
  /** Where the fix is executed: another host's address (or its MAC); absent: on this host. */
  readonly on?: string;
  /** What a person has to decide or to find out, where no command can be given, or beside it. */
  readonly advice?: string;
}

const LABELS: Readonly<Record<FindingSeverity, string>> = { error: 'ERROR', warning: 'WARN ', info: 'INFO ' };

/** One line: `LEVEL  [FILE:LINE: ]what is wrong: cause — fix: [on HOST: ]command — advice: sentence`. */
export function findingText({ severity, at, what, cause, fix, on, advice }: Finding): string {
  const place = at === undefined ? '' : `${at.file}:${at.line}: `;
  const repair = fix === undefined ? '' : ` — fix: ${on === undefined ? '' : `on ${on}: `}${fix}`;
  return `${LABELS[severity]}  ${place}${what}: ${cause}${repair}${advice === undefined ? '' : ` — advice: ${advice}`}`;
}

/** What `--json` prints of a finding. */
export function findingJson({ severity, code, at, what, cause, fix, on, advice }: Finding): Readonly<Record<string, string | number>> {
  return {
    severity,
    code,
    what,
    cause,
    ...(fix === undefined ? {} : { fix }),
    ...(on === undefined ? {} : { on }),
    ...(advice === undefined ? {} : { advice }),
    ...(at === undefined ? {} : { file: at.file, line: at.line }),
  };
}

/** 0: fine, 1: warnings, 2: errors. Infos do not count. */
export function findingsStatus(findings: readonly Finding[]): 0 | 1 | 2 {
  return findings.some(({ severity }) => severity === 'error') ? 2 : findings.some(({ severity }) => severity === 'warning') ? 1 : 0;
}

const WORST_FIRST: readonly FindingSeverity[] = ['error', 'warning', 'info'];

/** Worst first, otherwise in the order in which they were found. Findings with the same text are one. */
export function sortedFindings(findings: readonly Finding[]): readonly Finding[] {
  const byText = new Map(findings.map((finding) => [`${finding.code} ${findingText(finding)}`, finding]));
  return WORST_FIRST.flatMap((severity) => [...byText.values()].filter((finding) => finding.severity === severity));
}
