// The configuration of the host's files as the daemon takes it, with the messages that go to the log.
import { checkAgainstHost } from '../../config/keepalived/check-host.js';
import { canRun, renderDiagnostic } from '../../config/keepalived/diagnostics.js';
import type { Diagnostic, Severity } from '../../config/keepalived/keyword.js';
import type { Loaded } from '../../daemon/daemon.js';
import type { LogLevel } from '../../daemon/log-text.js';
import type { DaemonOptions } from '../../daemon/options.js';
import { hostFacts } from './host-facts.js';
import { readOnHost } from './read-on-host.js';

const LEVELS: Readonly<Record<Severity, LogLevel>> = {
  fatal: 'error',
  unusable: 'error',
  'no-config': 'error',
  security: 'warning',
  error: 'warning',
  notice: 'info',
};

const message = (diagnostic: Diagnostic): Loaded['messages'][number] => ({
  level: LEVELS[diagnostic.severity],
  text: renderDiagnostic(diagnostic),
});

/** What is said where the file of -f is none: a daemon does not start with nothing, while -t answers 0. */
const NO_FILE =
  /^(?:Config files missing|No config files matched|Unable to read configuration file|Configuration file .* is (?:a directory|not a regular))/;

/**
 * Reads the files and holds them against the host. What the host lacks now (an interface that comes later) is said and keeps
 * nothing from starting: the instance waits for it.
 */
export function loadConfiguration(options: DaemonOptions): Loaded {
  const { configuration, diagnostics, values } = readOnHost(options);
  if (diagnostics.some(({ at, text }) => at.file === options.path && NO_FILE.test(text))) {
    return { outcome: 'missing', messages: diagnostics.map(message) };
  }
  if (configuration === undefined || !canRun(diagnostics)) return { outcome: 'fatal', messages: diagnostics.map(message) };
  const said = [...diagnostics];
  // Another namespace's interfaces are not to be seen from here.
  if ((options.netNamespace ?? configuration.root.netNamespace) === undefined) {
    checkAgainstHost(configuration, values, hostFacts(), (diagnostic) => said.push(diagnostic));
  }
  // Scripts without script security are as they were before a reload: no reason to refuse it.
  const fine = said.every(({ severity }) => severity === 'notice' || severity === 'security');
  return { outcome: fine ? 'ok' : 'errors', configuration, messages: said.map(message) };
}
