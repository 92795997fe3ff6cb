// What tcpvsadm refuses, in KTCPVS's words where it has them.
import type { ErrorRows } from './error-row.js';

interface What {
  readonly what: string;
}

export const ktcpvsErrors = {
  'tcpvsadm-usage': { text: ({ what }: What) => what, hint: 'tcpvsadm -h', exitStatus: 2 },
  'tcpvsadm-refused': { text: ({ what }: What) => what, exitStatus: 1 },
  'tcpvsadm-foreign-file': {
    text: ({ path }: { path: string }) => `${path} was not written by tcpvsadm`,
    hint: 'move it elsewhere',
    exitStatus: 1,
  },
  'ktcpvs-file': {
    text: ({ file, line, what }: What & { file: string; line: number }) => `${file}:${line}: ${what}`,
    exitStatus: 2,
  },
} as const satisfies ErrorRows;
