// The configuration of the host's files as the daemon takes it, with the messages that go to the log.

import { damageOf } from '../../config/keepalived/diagnostics/damage.js';
import { canRun, isMissing, renderDiagnostic } from '../../config/keepalived/diagnostics/outcome.js';
import { type Diagnostic, reportTo } from '../../config/keepalived/diagnostics/report.js';
import type { Severity } from '../../config/keepalived/diagnostics/row.js';
import { examineHost } from '../../config/keepalived/host/examine-host.js';
import type { ConfigFiles } from '../../config/keepalived/lines/config-files.js';
import { blocksOf } from '../../config/keepalived/values/values.js';
import type { DaemonOptions } from '../../daemon/supervisor/daemon-options.js';
import type { Loaded } from '../../daemon/supervisor/reload/loaded.js';
import type { SourceFile } from '../../daemon/supervisor/reload/saved-files.js';
import type { LogLevel } from '../../model/log-level.js';
import { hostFacts } from './host-facts.js';
import { type FilePlace, hostPlace, readOnHost } from './read-on-host.js';

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

/** Files that keep a record of those that were read. */
function remembering(from: ConfigFiles): { readonly files: ConfigFiles; readonly read: SourceFile[] } {
  const read: SourceFile[] = [];
  const files: ConfigFiles = {
    ...from,
    read: (path) => {
      const found = from.read(path);
      if (found.kind === 'text') read.push({ path, text: found.text });
      return found;
    },
  };
  return { files, read };
}

/**
 * Reads the files and compares them with the host. What the host lacks now (an interface that comes later) is reported and does not
 * prevent the start: the instance waits for it. A file of which no instance can be used is refused, as by keepalived: the node would look
 * like a backup and never take over.
 */
export function loadConfiguration(
  options: DaemonOptions,
  seed?: number,
  environment: NodeJS.ProcessEnv = process.env,
  place: FilePlace = hostPlace(),
): Loaded {
  const { files, read } = remembering(place.files);
  const { configuration, diagnostics, values } = readOnHost(options, seed, { ...place, files }, environment);
  if (diagnostics.some((diagnostic) => isMissing(diagnostic, options.path))) {
    return { outcome: 'missing', messages: diagnostics.map(message) };
  }
  if (configuration === undefined || !canRun(diagnostics)) return { outcome: 'fatal', messages: diagnostics.map(message) };
  if (options.parts.vrrp && configuration.instances.length === 0 && blocksOf(values, 'vrrp_instance').length > 0) {
    const text = 'No vrrp_instance of the configuration can be used';
    return { outcome: 'fatal', messages: [...diagnostics.map(message), { level: 'error', text }] };
  }
  const all = [...diagnostics];
  const damage = damageOf(diagnostics, values);
  // Interfaces of another namespace are not visible from this one.
  if ((options.netNamespace ?? configuration.root.netNamespace) === undefined) {
    examineHost(
      configuration,
      values,
      hostFacts(),
      reportTo((diagnostic) => all.push(diagnostic)),
    );
  }
  // Scripts without script security are as they were before a reload: no reason to refuse it.
  const fine = all.every(({ severity }) => severity === 'notice' || severity === 'security');
  const kept = configuration.global.saveDirectory === undefined ? {} : { files: read };
  return { outcome: fine ? 'ok' : 'errors', configuration, damage, messages: all.map(message), ...kept };
}
