// System errors, recognised by the name of their errno.
import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';
import type { SystemError } from './native.js';

/** Whether a system call threw this value: one of our addon, or one of node's own (whose errno is negative). */
export function isSystemError(error: unknown): error is SystemError {
  if (!(error instanceof Error)) return false;
  const { code, syscall } = error as Partial<SystemError>;
  return typeof code === 'string' && typeof syscall === 'string';
}

/** Whether a thrown value is a system error with one of these codes. */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return isSystemError(error) && codes.includes(error.code);
}

/** An error as node's own are, for what the system itself would take. */
export function systemError(code: 'EFBIG' | 'EINVAL', syscall: string, path: string): Error {
  const errno = -constants.errno[code];
  const reason = getSystemErrorMap().get(errno)?.[1] ?? code;
  return Object.assign(new Error(`${code}: ${reason}, ${syscall} '${path}'`), { errno, code, syscall, path });
}

/** The result of `call`, or `otherwise` when it fails with one of these codes; any other error is thrown on. */
export function unlessCode<T, U>(call: () => T, codes: readonly string[], otherwise: U): T | U {
  try {
    return call();
  } catch (error) {
    if (hasCode(error, ...codes)) return otherwise;
    throw error;
  }
}

/** The result of `call`; a system error of it has the path in its message, as node's own have. */
export function onPath<T>(path: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (isSystemError(error)) error.message += ` '${path}'`;
    throw error;
  }
}

/** The system's text for an error, without code and call: `Network is unreachable`. Node's own errors have libuv's text. */
export function reasonOf(error: Partial<SystemError> | NodeJS.ErrnoException): string {
  if ('reason' in error && error.reason !== undefined) return error.reason;
  return getSystemErrorMap().get(error.errno ?? 0)?.[1] ?? error.code ?? 'unknown error';
}
