// What lint reports, and what it looks at: the files of one or several nodes, read.
import type { Finding, FindingSeverity } from '../../../model/finding.js';
import type { KeepalivedConfiguration } from '../../../model/keepalived/configuration.js';
import type { Diagnostic } from '../diagnostics/report.js';
import type { DiagnosticCode } from '../diagnostics/table.js';
import type { Origin, Values } from '../keyword.js';

/** A finding has a place and a fix. docs/config-lint.md lists the codes. */
export interface LintFinding extends Finding {
  readonly at: Origin;
  readonly fix: string;
  readonly replaces?: LintVerdict['replaces'];
}

/** One node, with its configuration. */
export interface LintNode {
  /** The file's name as given. */
  readonly file: string;
  readonly configuration: KeepalivedConfiguration;
  /** The values of the root, for places. */
  readonly values: Values;
  /** What stays behind when the daemon stops, by its options -V and -I. */
  readonly leavesBehind: { readonly addresses: boolean; readonly servers: boolean };
  /** The texts of the scripts that could be read, by path. */
  readonly scripts: ReadonlyMap<string, string>;
  /** Why files of authorities cannot be used on this host, by path. */
  readonly troublesOfAuthorities: ReadonlyMap<string, string>;
}

/** One verdict: its code, its severity, and one line for the manual. */
export interface LintVerdict {
  readonly code: string;
  readonly severity: FindingSeverity;
  readonly meaning: string;
  /** Codes of keepalived's messages about the same, on the same line: one of the two is enough. */
  readonly replaces?: readonly DiagnosticCode[];
}

/** A rule: its verdicts, and the check that gives them. Several nodes form one pair (or several). */
export interface LintRule {
  readonly verdicts: readonly LintVerdict[];
  readonly examine: (nodes: readonly LintNode[]) => readonly LintFinding[];
}

/** The diagnostics that no finding replaces. */
export const withoutReplaced = (diagnostics: readonly Diagnostic[], findings: readonly LintFinding[]): readonly Diagnostic[] =>
  diagnostics.filter(
    ({ at, code }) => !findings.some((one) => one.replaces?.includes(code) === true && one.at.file === at.file && one.at.line === at.line),
  );

/** A finding of a verdict. */
export function findingOf(verdict: LintVerdict, at: Origin, what: string, cause: string, fix: string): LintFinding {
  const { severity, code, replaces } = verdict;
  return { severity, code, at, what, cause, fix, ...(replaces === undefined ? {} : { replaces }) };
}
