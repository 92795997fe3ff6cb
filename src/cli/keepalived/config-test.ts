// keepalived -t: reads the configuration as a start does, prints what is wrong with it, and exits with keepalived's status.

import { appendFileSync } from 'node:fs';
import { exitCodeOf, renderDiagnostic } from '../../config/keepalived/diagnostics/outcome.js';
import { type Diagnostic, reportTo } from '../../config/keepalived/diagnostics/report.js';
import { examineHost } from '../../config/keepalived/host/examine-host.js';
import type { DaemonOptions } from '../../daemon/supervisor/daemon-options.js';
import type { Io } from '../io.js';
import { hostFacts } from './host-facts.js';
import { readOnHost } from './read-on-host.js';

/** Every message of -t, in order. */
export function testConfiguration(options: Pick<DaemonOptions, 'path' | 'allConfig' | 'configId'>): readonly Diagnostic[] {
  const { configuration, diagnostics, values } = readOnHost(options);
  const all = [...diagnostics];
  if (configuration === undefined) return all;
  const report = reportTo((diagnostic) => all.push(diagnostic));
  examineHost(configuration, values, hostFacts(), report);
  return all;
}

/** The status to end with: 0, 2, 4, 5 or 6 (exitCodeOf); 1 where `output`, a file to append to instead of stderr, cannot be written. */
export function configTest(options: Pick<DaemonOptions, 'path' | 'allConfig' | 'configId'>, output: string | undefined, io: Io): number {
  const diagnostics = testConfiguration(options);
  const text = diagnostics.map((diagnostic) => `${renderDiagnostic(diagnostic)}\n`).join('');
  if (output === undefined) {
    io.err(text);
    return exitCodeOf(diagnostics);
  }
  try {
    appendFileSync(output, text, { mode: 0o600 });
  } catch (error) {
    io.err(`Unable to open config-test log file ${output} ${(error as Error).message}\n`);
    return 1;
  }
  return exitCodeOf(diagnostics);
}
