// Why ipvsadm -R or ipvsadm-restore stops, where the reason is weir's own: ipvsadm's texts are in ipvsadm-errors.ts.
import { shellWord } from '../shell-word.js';
import type { ErrorRows } from './error-row.js';

interface Line {
  readonly line: number;
}

export const restoreErrors = {
  'restore-line-long': {
    text: ({ line, bytesMax }: Line & { bytesMax: number }) => `line ${line} is longer than ${bytesMax} bytes`,
    exitStatus: 2,
  },
  /** `exitStatus`: that of the line by itself. */
  'restore-line-wrong': {
    text: ({ line, why }: Line & { why: string; exitStatus: 1 | 2 | 255 }) => `line ${line}: ${why}; nothing was changed`,
    exitStatus: 2,
  },
  'restore-argument': {
    text: ({ given }: { given: string }) =>
      `unexpected argument: ${given === '' ? '(empty)' : given}: the table is read from standard input`,
    hint: ({ given }: { given: string }) => `ipvsadm-restore < ${given === '' ? 'FILE' : shellWord(given)}`,
    exitStatus: 2,
  },
  /** A file that was saved on a full disk, or no `<`. */
  'restore-empty': {
    text: () => 'there is no command on standard input; nothing was changed',
    hint: 'ipvsadm -C empties the table',
    exitStatus: 2,
  },
  'restore-many-bytes': {
    text: ({ bytesMax }: { bytesMax: number }) => `more than ${bytesMax} bytes to restore; nothing was changed`,
    exitStatus: 2,
  },
} as const satisfies ErrorRows;
