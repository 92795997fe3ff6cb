// What diagnostics come to: the line that is printed for each, and the status that -t ends with.

import type { Diagnostic } from './report.js';
import type { Severity } from './row.js';
import type { DiagnosticCode } from './table.js';

/** By severity, the gravest first: what keepalived 2.2.7's -t answers. */
const codes: readonly (readonly [Severity, number])[] = [
  ['fatal', 2],
  ['unusable', 4],
  ['no-config', 6],
  ['security', 6],
  ['error', 5],
];

/** 0: fine; 2: a keyword without its argument; 4: cannot run; 5: runs with errors; 6: no configuration, or scripts without script security. */
export function exitCodeOf(diagnostics: readonly Pick<Diagnostic, 'severity'>[]): number {
  return codes.find(([severity]) => diagnostics.some((diagnostic) => diagnostic.severity === severity))?.[1] ?? 0;
}

/** May a daemon start with this configuration? */
export const canRun = (diagnostics: readonly Diagnostic[]): boolean =>
  !diagnostics.some(({ severity }) => severity === 'fatal' || severity === 'unusable' || severity === 'no-config');

/** Codes of what is old and works all the same. */
const DEPRECATIONS: ReadonlySet<DiagnosticCode> = new Set([
  'http-retry-deprecated',
  'keyword-deprecated',
  'linkbeat-polling',
  'route-gw-deprecated',
  'route-or-deprecated',
  'sync-daemon-interface-deprecated',
  'sync-daemon-interface-deprecated-use',
  'sync-group-global-tracking-deprecated',
  'unicast-without-peers',
]);

/** Was text left out, or perhaps read otherwise than it was meant? What is only old or doubtful is no damage. */
export const isDamage = ({ code, severity }: Diagnostic): boolean =>
  (severity === 'error' && !DEPRECATIONS.has(code)) || code === 'nul-character';

/** Codes of a file of -f that is not there: a daemon does not start with nothing, while -t answers 0. */
const NO_FILE: ReadonlySet<DiagnosticCode> = new Set([
  'file-is-directory',
  'file-unfit',
  'files-missing',
  'files-unmatched',
  'main-file-unreadable',
]);

/** Is `path`, the file of -f, missing? What is reported of the files that it includes does not count. */
export const isMissing = ({ code, at, details }: Diagnostic, path: string): boolean =>
  NO_FILE.has(code) && at.file === path && at.line === 1 && at.column === 1 && details['name'] === path;

/** `FILE:LINE:COLUMN: (Line N) text (hint)`: a place that editors open, the line number as keepalived's logs have it, its words, ours. */
export function renderDiagnostic({ at, text, hint }: Pick<Diagnostic, 'at' | 'text' | 'hint'>): string {
  const place = `${at.file}:${at.line}:${at.column}: (Line ${at.line})`;
  return `${place} ${text}${hint === undefined ? '' : ` (${hint})`}`;
}
