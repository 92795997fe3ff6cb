// The configuration of the host's files as the daemon takes it, with the messages that go to the log.
import { hostname } from 'node:os';
import { canRun, exitCodeOf, renderDiagnostic } from '../../config/keepalived/diagnostics.js';
import type { Diagnostic, Severity } from '../../config/keepalived/keyword.js';
import { readKeepalived } from '../../config/keepalived/read.js';
import type { Loaded } from '../../daemon/daemon.js';
import type { LogLevel } from '../../daemon/log-text.js';
import type { DaemonOptions } from '../../daemon/options.js';
import { hostConfigFiles } from '../../host/config-files.js';

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

/** `vm`: the host's name without its domain, which conditions (@vm) are compared with unless -i says otherwise. */
const shortHostName = (): string => hostname().split('.')[0] ?? '';

/** What is said where the file of -f is none: a daemon does not start with nothing, while -t answers 0. */
const NO_FILE =
  /^(?:Config files missing|No config files matched|Unable to read configuration file|Configuration file .* is (?:a directory|not a regular))/;

export function loadConfiguration(options: DaemonOptions): Loaded {
  const { configuration, diagnostics } = readKeepalived(hostConfigFiles, {
    path: options.path,
    directory: process.cwd(),
    mustExist: options.allConfig,
    configId: options.configId ?? shortHostName(),
    environment: process.env,
  });
  const messages = diagnostics.map(message);
  if (diagnostics.some(({ at, text }) => at.file === options.path && NO_FILE.test(text))) return { outcome: 'missing', messages };
  if (configuration !== undefined && canRun(diagnostics)) {
    return { outcome: exitCodeOf(diagnostics) === 0 ? 'ok' : 'errors', configuration, messages };
  }
  return { outcome: 'fatal', messages };
}
