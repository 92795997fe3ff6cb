// What follows from diagnostics: the line that is printed for one, the exit status of -t, and whether a daemon may start.

import { networkDiagnostics } from './network-diagnostics.js';
import type { Diagnostic } from './report.js';
import type { Severity } from './row.js';
import type { DiagnosticCode } from './table.js';
import { textDiagnostics } from './text-diagnostics.js';
import { valueDiagnostics } from './value-diagnostics.js';

/** By severity, the worst first. The codes are those of keepalived 2.2.7 -t. */
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

/** Does keepalived use nothing of the file, or nothing that follows? */
const stopsReading = ({ severity }: Pick<Diagnostic, 'severity'>): boolean =>
  severity === 'fatal' || severity === 'unusable' || severity === 'no-config';

/** May a daemon start with this configuration? */
export const canRun = (diagnostics: readonly Diagnostic[]): boolean => !diagnostics.some(stopsReading);

/** Codes of old spellings and usages that still work. */
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

/** Was text ignored, or perhaps read otherwise than it was meant? What is only old or doubtful is no damage. */
export const isDamage = ({ code, severity }: Diagnostic): boolean =>
  (severity === 'error' && !DEPRECATIONS.has(code)) || code === 'nul-character';

/** About routes that are added and work, but are not tracked. */
const DOUBTS: ReadonlySet<DiagnosticCode> = new Set(['route-not-tracked', 'route-tracking-protocol']);

const ofText = ({ code }: Diagnostic): boolean =>
  code in textDiagnostics || code in valueDiagnostics || (code in networkDiagnostics && !DOUBTS.has(code));

/** Is the text itself wrong: its files, braces, keywords, values or addresses? What is doubtful in a text that is right, is not. */
export const isTextFault = (diagnostic: Diagnostic): boolean => stopsReading(diagnostic) || (isDamage(diagnostic) && ofText(diagnostic));

/** Codes that mean that the file of -f is missing. A daemon does not start without one, while -t exits with 0. */
const NO_FILE: ReadonlySet<DiagnosticCode> = new Set([
  'file-is-directory',
  'file-unfit',
  'files-missing',
  'files-unmatched',
  'main-file-unreadable',
]);

/** Is `path`, the file of -f, missing? Diagnostics about files that it includes do not count. */
export const isMissing = ({ code, at, details }: Diagnostic, path: string): boolean =>
  NO_FILE.has(code) && at.file === path && at.line === 1 && at.column === 1 && details['name'] === path;

/** `FILE:LINE:COLUMN: (Line N) text (hint)`: a place that editors open, then keepalived's line number and text, then the hint. */
export function renderDiagnostic({ at, text, hint }: Pick<Diagnostic, 'at' | 'text' | 'hint'>): string {
  const place = `${at.file}:${at.line}:${at.column}: (Line ${at.line})`;
  return `${place} ${text}${hint === undefined ? '' : ` (${hint})`}`;
}
