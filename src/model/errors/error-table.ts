// The one table of errors: code, text, hint, exit status. Command lines, the daemon's log and the API's
// problem documents are made from it. Errors are thrown and recognised by code; no code reads their texts.
import { apiErrors } from './api-errors.js';
import { daemonErrors } from './daemon-errors.js';
import { datapathErrors } from './datapath-errors.js';
import { directorErrors } from './director-errors.js';
import { documentErrors } from './document-errors.js';
import { hostErrors } from './host-errors.js';
import { importErrors } from './import-errors.js';
import { ipvsadmErrors } from './ipvsadm-errors.js';
import { ktcpvsErrors } from './ktcpvs-errors.js';
import { labErrors } from './lab-errors.js';
import { nginxFileErrors } from './nginx-file-errors.js';
import { restoreErrors } from './restore-errors.js';
import { switchErrors } from './switch-errors.js';
import { systemErrors } from './system-errors.js';
import { usageErrors } from './usage-errors.js';
import { weirFileErrors } from './weir-file-errors.js';

export const errorTable = {
  ...apiErrors,
  ...directorErrors,
  ...datapathErrors,
  ...daemonErrors,
  ...systemErrors,
  ...hostErrors,
  ...usageErrors,
  ...restoreErrors,
  ...ipvsadmErrors,
  ...labErrors,
  ...weirFileErrors,
  ...nginxFileErrors,
  ...importErrors,
  ...ktcpvsErrors,
  ...switchErrors,
  ...documentErrors,
} as const;

export type ErrorCode = keyof typeof errorTable;

/** What the texts of a code are made of; undefined where they need nothing. */
export type ErrorDetails<C extends ErrorCode> = Parameters<(typeof errorTable)[C]['text']>[0];
