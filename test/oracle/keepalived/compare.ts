// Reads one recorded case with weir and lists the differences in status and messages.

import { exitCodeOf } from '../../../src/config/keepalived/diagnostics/outcome.js';
import { type Diagnostic, reportTo } from '../../../src/config/keepalived/diagnostics/report.js';
import { examineHost } from '../../../src/config/keepalived/host/examine-host.js';
import { readKeepalived } from '../../../src/config/keepalived/read.js';
import { RECORDED_HOST } from './host.js';
import { filesOf, keyFileOf, namesOf, type RecordedCase } from './recorded.js';

/**
 * `missing`: messages of keepalived that weir does not report; `extra`: errors of weir that keepalived does not report (notices do not
 * count); `rc`: both exit statuses.
 */
export interface Difference {
  readonly missing: readonly string[];
  readonly extra: readonly string[];
  readonly rc?: readonly [number, number];
}

/** keepalived's messages without `(FILE: Line N)`, each once: keepalived reads every file four times. */
const wordsOf = (lines: readonly string[]): ReadonlySet<string> =>
  new Set(lines.map((line) => line.replace(/^\((?:[^()]*: )?Line \d+\) /, '')));

const after = (args: readonly string[], ...options: readonly string[]): string | undefined => {
  const at = args.findIndex((arg) => options.includes(arg));
  return at === -1 ? undefined : args[at + 1];
};

/** Everything that weir reports about the files of a case. */
function diagnose(recorded: RecordedCase): readonly Diagnostic[] {
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
  const reported = [...diagnostics];
  if (configuration !== undefined)
    examineHost(
      configuration,
      values,
      RECORDED_HOST,
      reportTo((diagnostic) => reported.push(diagnostic)),
    );
  return reported;
}

/** Undefined if weir answers as keepalived did. After a missing argument keepalived stops: only that message is compared. */
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
