// The files that the daemon has its configuration from, for the log.
import { existsSync } from 'node:fs';
import type { Log } from '../../../model/log-level.js';
import type { DaemonOptions } from '../daemon-options.js';

/** weir run needs no keepalived.conf beside its weir.yaml. */
export function logConfigurationFiles({ path, weirFile }: Pick<DaemonOptions, 'path' | 'weirFile'>, log: Log): void {
  if (weirFile === undefined || existsSync(path)) log('info', `Configuration file ${path}`);
  if (weirFile !== undefined) log('info', `Configuration file ${weirFile}`);
}
