// Reporting by code: a diagnostic is a row of the table, a place, and details.
import type { Origin } from '../keyword.js';
import type { Problem } from '../values/number.js';
import type { Severity } from './row.js';
import { type DetailsOf, type DiagnosticCode, type PlainCode, rowOf } from './table.js';

/** One message about a configuration. `text` is keepalived's own where it has one; `hint` is weir's addition. */
export interface Diagnostic {
  readonly code: DiagnosticCode;
  readonly severity: Severity;
  readonly at: Origin;
  readonly text: string;
  readonly hint?: string;
  /** What text and hint were made of. */
  readonly details: Readonly<Record<string, string | number | undefined>>;
}

/** The reader and the builders report through this. `severity` replaces the severity of the table. */
export interface Report {
  (code: PlainCode, at: Origin): void;
  <C extends DiagnosticCode>(code: C, at: Origin, details: DetailsOf<C>, severity?: Severity): void;
}

/** The diagnostic of a code. */
export function diagnosticOf(code: DiagnosticCode, at: Origin, details: unknown = {}, severity?: Severity): Diagnostic {
  const row = rowOf(code);
  const hint = typeof row.hint === 'function' ? row.hint(details as never) : row.hint;
  return {
    code,
    severity: severity ?? row.severity,
    at,
    text: row.text(details as never),
    ...(hint === undefined ? {} : { hint }),
    details: details as Diagnostic['details'],
  };
}

/** A Report that makes diagnostics and passes them on. */
export const reportTo =
  (receive: (diagnostic: Diagnostic) => void): Report =>
  (code: DiagnosticCode, at: Origin, details?: unknown, severity?: Severity): void =>
    receive(diagnosticOf(code, at, details, severity));

/** Reports a diagnostic that another Report received. */
export const passOn = (report: Report, { code, at, details, severity }: Diagnostic): void => report(code, at, details as never, severity);

/** Reports what is wrong with a number, if anything is. */
export function reportProblem(report: Report, at: Origin, problem: Problem | undefined, hint?: string): void {
  if (problem !== undefined) report(problem.code, at, { ...problem.details, hint });
}
