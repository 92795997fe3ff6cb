// What diagnostics come to: the line that is printed for each, and the status that -t ends with.
import type { Diagnostic, Severity } from './keyword.js';

/** By severity, the gravest first: what keepalived 2.2.7's -t answers. */
const codes: readonly (readonly [Severity, number])[] = [
  ['fatal', 2],
  ['unusable', 4],
  ['no-config', 6],
  ['security', 6],
  ['error', 5],
];

/** 0: fine; 2: a keyword without its argument; 4: cannot run; 5: runs with errors; 6: no configuration, or scripts without script security. */
export function exitCodeOf(diagnostics: readonly Diagnostic[]): number {
  return codes.find(([severity]) => diagnostics.some((diagnostic) => diagnostic.severity === severity))?.[1] ?? 0;
}

/** May a daemon start with this configuration? */
export const canRun = (diagnostics: readonly Diagnostic[]): boolean =>
  !diagnostics.some(({ severity }) => severity === 'fatal' || severity === 'unusable' || severity === 'no-config');

/** `FILE:LINE:COLUMN: (Line N) text (hint)`: a place that editors open, the line number as keepalived's logs have it, its words, ours. */
export function renderDiagnostic({ at, text, hint }: Diagnostic): string {
  const place = `${at.file}:${at.line}:${at.column}: (Line ${at.line})`;
  return `${place} ${text}${hint === undefined ? '' : ` (${hint})`}`;
}
