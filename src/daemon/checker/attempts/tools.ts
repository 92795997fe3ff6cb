// What attempts need of the configuration: scripts as its users and times have them, and the TLS settings of SSL_GET.
import type { KeepalivedConfiguration } from '../../../model/keepalived/configuration.js';
import type { Script } from '../../../model/keepalived/script.js';
import type { Log } from '../../../model/log-level.js';
import type { ResolvedScript } from '../../scripts/resolve-script.js';
import { runScript } from '../../scripts/run-script.js';
import type { CarrierTools } from './carriers.js';
import { TlsContexts } from './tls-contexts.js';

export interface ToolsOptions {
  readonly configuration: () => KeepalivedConfiguration;
  readonly resolve: (script: Script) => ResolvedScript;
  readonly log: Log;
}

export function attemptTools({ configuration, resolve, log }: ToolsOptions): Omit<CarrierTools, 'random'> {
  const contexts = new TlsContexts(() => configuration().ssl, log);
  return {
    secureContext: (rules) => contexts.get(rules),
    runScript: (script, timeoutUs) => runScript(resolve(script), { timeoutMs: timeoutUs / 1000 }),
  };
}
