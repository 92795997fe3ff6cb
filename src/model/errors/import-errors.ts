// What keeps a file of another program from being imported at all.
import type { ErrorRows } from './error-row.js';

export const importErrors = {
  'import-syntax': {
    text: ({ file, line, what }: { file: string; line: number; what: string }) => `${file}:${line}: ${what}`,
    exitStatus: 2,
  },
} as const satisfies ErrorRows;
