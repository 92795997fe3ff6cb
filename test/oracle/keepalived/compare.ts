// One recorded case asked of our reader: what differs in status and messages.

import { exitCodeOf } from '../../../src/config/keepalived/diagnostics/outcome.js';
import { type Diagnostic, reportTo } from '../../../src/config/keepalived/diagnostics/report.js';
import { examineHost } from '../../../src/config/keepalived/host/examine-host.js';
import { readKeepalived } from '../../../src/config/keepalived/read.js';
import { RECORDED_HOST } from './host.js';
import { filesOf, keyFileOf, namesOf, type RecordedCase } from './recorded.js';

/** `missing`: what the original said and we do not; `extra`: errors of ours that it did not tell (notices are ours to give); `rc`: its status and ours. */
export interface Difference {
  readonly missing: readonly string[];
  readonly extra: readonly string[];
  readonly rc?: readonly [number, number];
}

/** The original's words without `(FILE: Line N)`; how often it said them does not count, it reads every file four times. */
const wordsOf = (lines: readonly string[]): ReadonlySet<string> =>
  new Set(lines.map((line) => line.replace(/^\((?:[^()]*: )?Line \d+\) /, '')));

const after = (args: readonly string[], ...options: readonly string[]): string | undefined => {
  const at = args.findIndex((arg) => options.includes(arg));
  return at === -1 ? undefined : args[at + 1];
};

/** Everything we say about the files of a case. */
export function diagnose(recorded: RecordedCase): readonly Diagnostic[] {
  const { args } = recorded;
  const options = {
    path: after(args, '-f') ?? 'keepalived.conf',
    mustExist: args.includes('-e'),
    directory: '/DIR',
    configId: after(args, '-i', '--config-id') ?? 'vm',
    environment: {},
    keyFile: keyFileOf(recorded),
    names: namesOf(recorded),
  };
  const { configuration, diagnostics, values } = readKeepalived(filesOf(recorded), options);
  const said = [...diagnostics];
  if (configuration !== undefined)
    examineHost(
      configuration,
      values,
      RECORDED_HOST,
      reportTo((diagnostic) => said.push(diagnostic)),
    );
  return said;
}

/** Undefined where we answer as the original did. After a missing argument it says nothing more: only that is compared. */
export function compare(recorded: RecordedCase): Difference | undefined {
  const theirs = wordsOf(recorded.stderr.map((line) => line.replaceAll('$DIR', '/DIR')));
  const ours = diagnose(recorded);
  const status = exitCodeOf(ours);
  const all = new Set(ours.map(({ text }) => text));
  const errors = new Set(ours.filter(({ severity }) => severity !== 'notice').map(({ text }) => text));
  const fatal = recorded.rc === 2 && status === 2;
  const counts = (text: string): boolean => !fatal || text.startsWith('*** ');
  const missing = [...theirs].filter((text) => counts(text) && !all.has(text));
  const extra = [...errors].filter((text) => counts(text) && !theirs.has(text));
  const rc = recorded.rc === status ? undefined : ([recorded.rc!, status] as const);
  if (missing.length === 0 && extra.length === 0 && rc === undefined) return undefined;
  return { missing, extra, ...(rc === undefined ? {} : { rc }) };
}
