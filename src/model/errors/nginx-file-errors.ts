// What is wrong with the text of an nginx.conf: what nginx does not read either.
import type { ErrorRows } from './error-row.js';

interface Place {
  readonly file: string;
  readonly line: number;
}

export const nginxFileErrors = {
  'nginx-syntax': { text: ({ file, line, what }: Place & { what: string }) => `${file}:${line}: ${what}`, exitStatus: 2 },
  'nginx-include-loop': {
    text: ({ file, line, max }: Place & { max: number }) =>
      `${file}:${line}: files include each other, or blocks are in each other, more than ${max} deep`,
    exitStatus: 2,
  },
  /** `fault`: the first one of the weir.yaml that came of it. */
  'nginx-not-carried': {
    text: ({ file, fault }: { file: string; fault: string }) => `${file} cannot be carried: ${fault}`,
    hint: 'nginx -t -c FILE finds what is wrong for nginx, too',
    exitStatus: 2,
  },
  'nginx-without-listener': {
    text: ({ file }: { file: string }) => `${file} has no server whose listen could be carried`,
    exitStatus: 2,
  },
} as const satisfies ErrorRows;
