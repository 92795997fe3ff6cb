// What stands behind the names of a daemon's files and in syslog, where several run.
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { DaemonOptions } from './daemon-options.js';

/** `_INSTANCE` behind the names in syslog. */
export function identSuffix(options: Pick<DaemonOptions, 'netNamespace'>, { root }: KeepalivedConfiguration): string {
  const parts = [options.netNamespace ?? root.netNamespace, root.instanceName].filter((part) => part !== undefined);
  return parts.map((part) => `_${part}`).join('');
}
