// The shape of one row in the table of diagnostics.

/**
 * What becomes of the start: `fatal` ends it (exit 2 at once), `unusable` makes the configuration one that cannot be run (exit 4),
 * `no-config` is a checked include or script rule that leaves none (exit 6), `security` counts for -t (exit 6), `error` too (exit 5),
 * `notice` is only reported.
 */
export type Severity = 'fatal' | 'unusable' | 'no-config' | 'error' | 'security' | 'notice';

/** Details by name; plain values, so that an API can pass them on. */
export type With<K extends string> = Readonly<Record<K, string | number>>;

/** A detail that may be absent. */
export type Maybe<K extends string> = Readonly<Partial<Record<K, string | undefined>>>;

/** `D`: the details that the texts are made of. */
export interface DiagnosticRow<D> {
  readonly severity: Severity;
  /** keepalived's text, to the byte, where it has one. */
  readonly text: (details: D) => string;
  /** weir's addition: what was expected, or what to write. */
  readonly hint?: string | ((details: D) => string | undefined);
}

/** Rows by code. A code is lower case with dashes; once released it does not change. */
export type DiagnosticRows = Readonly<Record<string, DiagnosticRow<never>>>;
