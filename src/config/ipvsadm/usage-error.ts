// Recognises ipvsadm's own complaints about a command line: the rows `ipvsadm-…` of the error table.
import { type IpvsadmErrorCode, ipvsadmErrors } from '../../model/errors/ipvsadm-errors.js';
import { isWeirError, type WeirError } from '../../model/errors/weir-error.js';

export type IpvsadmError = WeirError<IpvsadmErrorCode>;

export function isIpvsadmError(error: unknown): error is IpvsadmError {
  return isWeirError(error) && Object.hasOwn(ipvsadmErrors, error.code);
}
