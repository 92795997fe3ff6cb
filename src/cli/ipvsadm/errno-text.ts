// What ipvsadm prints when the director refuses: the errno, by operation, as text.

import type { Command } from '../../config/ipvsadm/command.js';
import { isWeirError } from '../../model/errors/weir-error.js';
import { isSystemError } from '../../sys/errno.js';

type Kind = Command['kind'];
type Texts = Readonly<Record<string, string>>;

const serviceTexts: Texts = { EEXIST: 'Service already exists', ENOENT: 'Scheduler or persistence engine not found' };
const noService: Texts = { ESRCH: 'No such service' };
const destinationTexts: Texts = { ESRCH: 'Service not defined', ENOENT: 'No such destination' };

/** What an errno means for one operation. */
const ofOperation: Partial<Record<Kind, Texts>> = {
  'add-service': serviceTexts,
  'edit-service': { ...noService, ENOENT: 'Scheduler or persistence engine not found' },
  'delete-service': noService,
  zero: noService,
  list: noService,
  'add-destination': { ESRCH: 'Service not defined', EEXIST: 'Destination already exists' },
  'edit-destination': destinationTexts,
  'delete-destination': destinationTexts,
  'start-daemon': { EEXIST: 'Daemon has already run' },
  'stop-daemon': { ESRCH: 'No daemon is running' },
};

/** What an errno means for any operation: ipvsadm's own words, then libc's. */
const general: Texts = {
  EPERM: 'Permission denied (you must be root)',
  EINVAL: 'Invalid operation.  Possibly wrong module version, address not unicast, ...',
  ENOPROTOOPT: 'Protocol not available',
  ENOMEM: 'Memory allocation problem',
  EOPNOTSUPP: 'Operation not supported with IPv6',
  EAFNOSUPPORT: 'Operation not supported with specified address family',
  EMSGSIZE: 'Module is wrong version',
  ERANGE: 'Numerical result out of range',
  ENODEV: 'No such device',
  ENETUNREACH: 'Network is unreachable',
  ESRCH: 'No such process',
  ENOENT: 'No such file or directory',
  EEXIST: 'File exists',
  ENOSPC: 'No space left on device',
  EACCES: 'Permission denied',
  EBUSY: 'Device or resource busy',
  ENOSYS: 'Function not implemented',
  E2BIG: 'Argument list too long',
  EROFS: 'Read-only file system',
};

/** The errno by which a director refused or a system call failed; undefined for what is neither. */
export function errnoOf(error: unknown): string | undefined {
  if (isWeirError(error)) return error.errno;
  return isSystemError(error) ? error.code : undefined;
}

/** ipvsadm's text for an error; undefined when there is none and the error's own message is printed. */
export function errorText(code: string, kind?: Kind): string | undefined {
  return (kind === undefined ? undefined : ofOperation[kind]?.[code]) ?? general[code];
}
