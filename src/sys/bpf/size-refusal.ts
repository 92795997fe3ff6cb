// What the kernel refused as too large, in place of an errno alone: a table, a program, or the verifier's log about one.
import { WeirError } from '../../model/errors/weir-error.js';
import { hasCode } from '../errno.js';
import type { SystemError } from '../native.js';

/** What libbpf prints of the table or the program that it could not load. */
const TABLE = /map '([^']+)': failed to create/;
const PROGRAM = /prog '([^']+)': BPF program load failed/;

/** E2BIG: too many entries or bytes, or too many instructions; ENOSPC: the verifier's log is cut; ENOMEM: of a table. */
const OF_SIZE = ['E2BIG', 'ENOSPC', 'ENOMEM'] as const;

/** What the verifier prints last, on one line; where it printed nothing, what libbpf did. */
export function lastLines(log: string): string {
  const [verifier = ''] = log.split('-- END PROG LOAD LOG --');
  const lines = (verifier.split('-- BEGIN PROG LOAD LOG --').at(-1) ?? '').trim().split('\n');
  return lines.slice(-4).join('; ');
}

/** `entries`: of `bytes` each; absent where an object's table is loaded. */
interface Asked {
  readonly name: string;
  readonly entries?: number;
  readonly bytes?: number;
}

/** The refusal of a table that was asked for. undefined: the error is about something else. */
export function tableRefusal(error: unknown, asked: Asked): WeirError | undefined {
  if (!hasCode(error, ...OF_SIZE)) return undefined;
  return new WeirError('bpf-table-refused', { code: (error as SystemError).code, ...asked }, { cause: error });
}

/** The name of the table or the program that an object could not load. undefined: libbpf did not print it. */
export const refusedPart = (log: string): string | undefined => (TABLE.exec(log) ?? PROGRAM.exec(log))?.[1];

/** The refusal of an object that was to be loaded. undefined: the error is about something else. */
export function sizeRefusal(error: unknown): WeirError | undefined {
  if (!hasCode(error, ...OF_SIZE)) return undefined;
  const { code, log = '' } = error as SystemError;
  const table = TABLE.exec(log)?.[1];
  if (table !== undefined) return tableRefusal(error, { name: table });
  const program = PROGRAM.exec(log)?.[1];
  if (program === undefined || code === 'ENOMEM') return undefined;
  return new WeirError('bpf-program-refused', { code, program, verifier: lastLines(log) }, { cause: error });
}
