// The configuration of the host's files as the daemon takes it, with the messages that go to the log.
import { checkInterfaces } from '../../config/keepalived/check-host.js';
import { canRun, exitCodeOf, renderDiagnostic } from '../../config/keepalived/diagnostics.js';
import type { Diagnostic, Severity } from '../../config/keepalived/keyword.js';
import type { Loaded } from '../../daemon/daemon.js';
import type { LogLevel } from '../../daemon/log-text.js';
import type { DaemonOptions } from '../../daemon/options.js';
import { interfaceFacts } from './host-facts.js';
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

export function loadConfiguration(options: DaemonOptions): Loaded {
  const { configuration, diagnostics, values } = readOnHost(options);
  const messages = diagnostics.map(message);
  // In another network namespace other interfaces are there: those are looked for once the processes run in it.
  const elsewhere = options.netNamespace ?? configuration?.root.netNamespace;
  if (configuration !== undefined && elsewhere === undefined) {
    checkInterfaces(configuration, values, interfaceFacts(), (diagnostic) => messages.push(message(diagnostic)));
  }
  if (diagnostics.some(({ at, text }) => at.file === options.path && NO_FILE.test(text))) return { outcome: 'missing', messages };
  if (configuration !== undefined && canRun(diagnostics)) {
    return { outcome: exitCodeOf(diagnostics) === 0 ? 'ok' : 'errors', configuration, messages };
  }
  return { outcome: 'fatal', messages };
}
