// An error of the table: as a value where pure code decides (`Failure`), as an exception where work ends (`WeirError`).
import type { ErrorRow, RefusalErrno } from './error-row.js';
import { type ErrorCode, type ErrorDetails, errorTable } from './error-table.js';

type Arguments<C extends ErrorCode> =
  undefined extends ErrorDetails<C> ? [details?: undefined, options?: ErrorOptions] : [details: ErrorDetails<C>, options?: ErrorOptions];

/** A row with its details. */
export interface Failure {
  readonly code: ErrorCode;
  readonly details: unknown;
}

/** `details` are checked against the code here; afterwards a failure is plain data. */
export function failure<C extends ErrorCode>(code: C, ...[details]: Arguments<C>): Failure {
  return { code, details };
}

const rowOf = (code: ErrorCode): ErrorRow<unknown> => errorTable[code] as ErrorRow<unknown>;

/** What went wrong, without the hint. */
export function failureText({ code, details }: Failure): string {
  return rowOf(code).text(details);
}

export function failureHint({ code, details }: Failure): string | undefined {
  const { hint } = rowOf(code);
  return typeof hint === 'function' ? hint(details) : hint;
}

/** Text and hint on one line, as every command prints them. */
export function failureLine(what: Failure): string {
  const hint = failureHint(what);
  return hint === undefined ? failureText(what) : `${failureText(what)} — fix: ${hint}`;
}

/** Thrown where a row of the error table applies. `message` is the line with text and hint; programs read `code` and `details`. */
export class WeirError<C extends ErrorCode = ErrorCode> extends Error implements Failure {
  readonly details: ErrorDetails<C>;

  constructor(
    readonly code: C,
    ...[details, options]: Arguments<C>
  ) {
    super(failureLine({ code, details }), options);
    this.name = 'WeirError';
    this.details = details as ErrorDetails<C>;
  }

  get exitStatus(): ErrorRow<never>['exitStatus'] {
    return rowOf(this.code).exitStatus;
  }

  /** Where a director refused what the kernel's IPVS refuses, too: by which errno. */
  get errno(): RefusalErrno | undefined {
    return rowOf(this.code).errno;
  }
}

/** The exception that a failure becomes. */
export function errorOf({ code, details }: Failure, options?: ErrorOptions): WeirError {
  return new (WeirError as new (code: ErrorCode, details: unknown, options?: ErrorOptions) => WeirError)(code, details, options);
}

/** Whether a thrown value is an error of the table, with one of these codes where some are named. */
export function isWeirError<C extends ErrorCode = ErrorCode>(error: unknown, ...codes: readonly C[]): error is WeirError<C> {
  return error instanceof WeirError && (codes.length === 0 || codes.includes(error.code as C));
}

/** Whether a director refused a change and left the table as it was; `errnos`: by one of these. */
export function isRefusal(error: unknown, ...errnos: readonly RefusalErrno[]): error is WeirError {
  return error instanceof WeirError && error.errno !== undefined && (errnos.length === 0 || errnos.includes(error.errno));
}
