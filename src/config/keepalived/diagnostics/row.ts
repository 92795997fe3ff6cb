// The shape of one row in the table of diagnostics.

/**
 * What happens at the start. `fatal`: keepalived exits with 2 immediately. `unusable`: the configuration cannot be run (exit 4). `no-config`: a
 * checked include or a script rule leaves no configuration (exit 6). `security`: -t exits with 6; `error`: -t exits with 5. `notice`: it is
 * only reported.
 */
export type Severity = 'fatal' | 'unusable' | 'no-config' | 'error' | 'security' | 'notice';

/** Details by name; plain values, so that an API can pass them on. */
export type With<K extends string> = Readonly<Record<K, string | number>>;

/** A detail that may be absent. */
export type Maybe<K extends string> = Readonly<Partial<Record<K, string | undefined>>>;

/** `D`: the details that text and hint need. */
export interface DiagnosticRow<D> {
  readonly severity: Severity;
  /** keepalived's text, to the byte, where it has one. */
  readonly text: (details: D) => string;
  /** weir's addition: what was expected, or what to write instead. */
  readonly hint?: string | ((details: D) => string | undefined);
}

/** Rows by code. A code is lower case with dashes; once released it does not change. */
export type DiagnosticRows = Readonly<Record<string, DiagnosticRow<never>>>;
