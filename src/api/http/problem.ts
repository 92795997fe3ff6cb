// An error of the one table as a problem document (RFC 9457).

import type { RefusalErrno } from '../../model/errors/error-row.js';
import type { ErrorCode } from '../../model/errors/error-table.js';
import { type Failure, failureHint, failureText, isWeirError, type WeirError } from '../../model/errors/weir-error.js';

import { etagOf } from '../changes/condition.js';

export interface Problem {
  /** Where its code is described. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail?: string;
  readonly instance: string;
  /** Of the error table; `internal` for a mistake of weir's own. */
  readonly code: string;
  /** How the kernel's IPVS would refuse it. */
  readonly errno?: RefusalErrno;
  readonly errors?: readonly { readonly pointer: string; readonly message: string }[];
  /** Of the state that a condition did not meet. */
  readonly etag?: string;
  /** The commands that the change would be in that state. */
  readonly difference?: readonly string[];
  readonly allow?: readonly string[];
  /** Seconds until it may be tried again. */
  readonly retry_after?: number;
}

/** For the log of this process: what a caller can do nothing about. */
export const MISTAKE = 500;
/** This host cannot do it as it is now: text and hint have why. */
const NOT_NOW = 503;

/** The status of HTTP, where it does not follow from the errno or the exit status of a code. */
const STATUS: Partial<Readonly<Record<ErrorCode, number>>> = {
  'api-no-resource': 404,
  'api-method': 405,
  'api-json': 400,
  'api-target': 400,
  'api-body-cut': 400,
  'api-media-type': 415,
  'api-too-large': 413,
  'api-values': 422,
  'api-condition-missing': 428,
  'api-stale': 412,
  'api-no-plan': 404,
  'api-no-change': 404,
  'api-no-revert': 409,
  'drain-target': 422,
  'drain-target-missing': 404,
  'drain-missing': 404,
  'drain-ended': 409,
  'drain-runs': 409,
  'drain-no-instances': 409,
  'drain-director-end': 422,
  'drain-leaves-no-server': 409,
  'drain-leaves-too-little': 409,
  'plan-outdated': 412,
  'plan-conflict': 409,
  'doctor-failed': 503,
  'api-no-credentials': 401,
  'api-credentials-refused': 401,
  'api-scope': 403,
  'api-host': 421,
  'api-origin': 403,
  'api-streams': 429,
  'api-client': 403,
  'api-rate': 429,
  'api-not-acceptable': 406,
  'datapath-not-loaded': 503,
  'datapath-unloaded': 503,
  'datapath-build-before': 503,
  'datapath-other-build': 503,
  'lock-busy': 503,
  'explain-no-device': 422,
  // The table may be half changed: for the log, too.
  'change-not-undone': MISTAKE,
};

const ERRNO_STATUS: Readonly<Record<RefusalErrno, number>> = {
  EEXIST: 409,
  ENOENT: 404,
  ESRCH: 404,
  EINVAL: 422,
  ERANGE: 422,
  ENOSPC: 507,
  EOPNOTSUPP: 422,
  ENODEV: 422,
  ENETUNREACH: 409,
};

export function problemStatus(error: Pick<WeirError, 'code' | 'errno' | 'exitStatus'>): number {
  const known = STATUS[error.code];
  if (known !== undefined) return known;
  if (error.errno !== undefined) return ERRNO_STATUS[error.errno];
  return error.exitStatus === 2 ? 422 : NOT_NOW;
}

/** Where the hint of a code names an option of a command: what a request has in its place. */
const HINTS: Partial<Readonly<Record<ErrorCode, string>>> = {
  'explain-no-device': 'name the interface: "device"',
  'drain-leaves-no-server': 'add a server first, or send "allow_empty": true',
  'drain-leaves-too-little': 'wait until another drain has been cancelled, or lower "min_capacity"',
  'drain-no-instances': '"allow_empty": true drains this director all the same: /readyz answers 503 from then on',
  'drain-director-end': 'leave "end" away',
};

/** What to do about it. */
export const problemHint = (error: Failure): string | undefined => HINTS[error.code] ?? failureHint(error);

export const problemType = (code: string): string => `/v1/problems/${code}`;

/** `instance`: the request's path. */
export function problemOf(error: unknown, instance: string): Problem {
  if (!isWeirError(error))
    return {
      type: problemType('internal'),
      title: 'a mistake of weir: its log has the details',
      status: MISTAKE,
      instance,
      code: 'internal',
    };
  const hint = problemHint(error);
  return {
    type: problemType(error.code),
    title: failureText(error),
    status: problemStatus(error),
    ...(hint === undefined ? {} : { detail: hint }),
    instance,
    code: error.code,
    ...(error.errno === undefined ? {} : { errno: error.errno }),
    ...(isWeirError(error, 'api-values') ? { errors: error.details.errors } : {}),
    ...(isWeirError(error, 'api-stale') ? { etag: error.details.current, difference: error.details.difference } : {}),
    ...(isWeirError(error, 'plan-outdated') ? { etag: etagOf(error.details.present) } : {}),
    ...(isWeirError(error, 'api-method') ? { allow: error.details.allowed } : {}),
    ...(isWeirError(error, 'api-rate') ? { retry_after: error.details.seconds } : {}),
  };
}
