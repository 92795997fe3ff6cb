// What keeps a file of another program from being imported at all.
import type { ErrorRows } from './error-row.js';

export const importErrors = {
  'import-syntax': {
    text: ({ file, line, what }: { file: string; line: number; what: string }) => `${file}:${line}: ${what}`,
    exitStatus: 2,
  },
  'import-empty': {
    text: ({ file, format }: { file: string; format: string }) =>
      `${file}: no service comes of it by the format ${format}, and nothing is written: without services a weir.yaml empties the table`,
    exitStatus: 2,
  },
  'import-not-keepalived': {
    text: ({ file }: { file: string }) => `${file}: a keepalived.conf can hold none of its services, and nothing is written`,
    hint: '--format weir',
    exitStatus: 2,
  },
} as const satisfies ErrorRows;
