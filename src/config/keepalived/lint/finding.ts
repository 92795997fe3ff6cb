// What lint says, and what it looks at: the files of one or several nodes, read.
import type { KeepalivedConfiguration } from '../../../model/keepalived/configuration.js';
import type { Origin, Values } from '../keyword.js';

export type LintLevel = 'error' | 'warning' | 'info';

/** Something that will hurt: where, why, and what mends it. */
export interface LintFinding {
  readonly level: LintLevel;
  /** A stable name, for scripts; docs/config-lint.md lists them. */
  readonly code: string;
  readonly at: Origin;
  readonly what: string;
  readonly cause: string;
  readonly mend: string;
}

/** One node: its file as it was read. */
export interface LintNode {
  /** The file's name as it was given. */
  readonly file: string;
  readonly configuration: KeepalivedConfiguration;
  /** The root of what the file says, for places. */
  readonly values: Values;
  /** What the daemon leaves behind when it stops: its options -V and -I. */
  readonly keeps: { readonly addresses: boolean; readonly servers: boolean };
  /** Texts of the scripts that could be read, by path. */
  readonly scripts: ReadonlyMap<string, string>;
}

/** One verdict: its name, how bad it is, one line for the manual. */
export interface LintVerdict {
  readonly code: string;
  readonly level: LintLevel;
  readonly meaning: string;
}

/** A rule of lint: the verdicts it may give, and how it comes to them. Several nodes are those of one pair (or of several). */
export interface LintRule {
  readonly verdicts: readonly LintVerdict[];
  readonly check: (nodes: readonly LintNode[]) => readonly LintFinding[];
}

/** A finding of a verdict. */
export function found(verdict: LintVerdict, at: Origin, what: string, cause: string, mend: string): LintFinding {
  return { level: verdict.level, code: verdict.code, at, what, cause, mend };
}
