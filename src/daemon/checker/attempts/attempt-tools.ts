// What attempts need of the configuration: scripts as its users and times have them, and the TLS settings of SSL_GET.
import type { KeepalivedConfiguration } from '../../../model/keepalived/configuration.js';
import type { Script } from '../../../model/keepalived/script.js';
import type { Log } from '../../../model/log-level.js';
import type { ResolvedScript } from '../../scripts/resolve-script.js';
import { runScript } from '../../scripts/run-script.js';
import type { AttemptTools } from './attempts.js';
import { StuckScripts } from './stuck-scripts.js';
import { TlsContexts } from './tls-contexts.js';

export interface ToolsOptions {
  readonly configuration: () => KeepalivedConfiguration;
  readonly resolve: (script: Script) => ResolvedScript;
  readonly log: Log;
}

function servedPorts({ virtualServers, virtualServerGroups }: KeepalivedConfiguration): ReadonlySet<number> {
  const own = virtualServers.flatMap(({ target }) => (target.kind === 'service' && target.key.kind === 'address' ? [target.key.port] : []));
  const grouped = virtualServerGroups.flatMap(({ members }) => members.flatMap((member) => (member.kind === 'range' ? [member.port] : [])));
  return new Set([...own, ...grouped]);
}

export function attemptTools({ configuration, resolve, log }: ToolsOptions): AttemptTools {
  const contexts = new TlsContexts(() => configuration().ssl, log);
  const stuck = new StuckScripts();
  return {
    servedPorts: () => servedPorts(configuration()),
    secureContext: (rules) => contexts.get(rules),
    runScript: (script, timeoutUs, name) =>
      stuck.start(name, () => runScript(resolve(script), { timeoutMs: timeoutUs / 1000, wholeFamily: true })),
  };
}
