// Where a daemon under test writes down its processes.
import { join } from 'node:path';

/** Options for pid files of its own, all of them: a daemon ends where one names another daemon that lives, of the host or of another test. */
export const ownPidFiles = (folder: string, name = ''): readonly string[] =>
  ['p', 'r', 'c', 'b'].flatMap((option) => [`-${option}`, join(folder, `${name}${option}.pid`)]);
