// Marks a process of the program that reads the configuration for a supervisor, and ends.

import { keepingEarlySignals } from '../../sys/processes/early-signals.js';

const READER_VARIABLE = 'WEIR_READER';

/** The environment of such a process. */
export const readerEnvironment = (): NodeJS.ProcessEnv => ({ ...keepingEarlySignals(process.env), [READER_VARIABLE]: '1' });

/** Whether this process is one; asked once, for `${_ENV}` must not see it. */
export function isReader(): boolean {
  const set = process.env[READER_VARIABLE] !== undefined;
  delete process.env[READER_VARIABLE];
  return set;
}
