// Saying something to the operator from a builder: keepalived's words, with a hint of ours.
import type { Diagnostic, Origin, Report, Severity } from '../keyword.js';

const at = (report: Report, severity: Severity, place: Origin, text: string, hint: string | undefined): void => {
  const diagnostic: Diagnostic = { severity, at: place, text };
  report(hint === undefined ? diagnostic : { ...diagnostic, hint });
};

/** Counts for -t (exit 5); the daemon starts all the same. */
export const tellError = (report: Report, place: Origin, text: string, hint?: string): void => at(report, 'error', place, text, hint);

/** Said, no more. */
export const tellNotice = (report: Report, place: Origin, text: string, hint?: string): void => at(report, 'notice', place, text, hint);

/** Ends the start. */
export const tellFatal = (report: Report, place: Origin, text: string, hint?: string): void => at(report, 'fatal', place, text, hint);
