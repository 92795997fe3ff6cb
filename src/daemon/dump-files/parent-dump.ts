// keepalived_parent.data: what the supervisor knows, on SIGUSR1.
import { hostname } from 'node:os';
import { globalLines } from '../../dump/global.js';
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { Log } from '../../model/log-level.js';
import { dataPath, writeDump } from './write-dump.js';

/** The configuration's global part with what the processes of this host add. */
export function globalText({ global, root }: KeepalivedConfiguration): string {
  const lines = globalLines({
    global,
    ...(root.netNamespace === undefined ? {} : { netNamespace: root.netNamespace }),
    ...(root.ipvsNamespace === undefined ? {} : { ipvsNamespace: root.ipvsNamespace }),
    hostName: hostname(),
    umask: process.umask(),
  });
  return `${lines.join('\n')}\n`;
}

export function dumpParent(configuration: KeepalivedConfiguration, identSuffix: string, log: Log): void {
  log('info', `Printing parent data for process(${process.pid}) on signal`);
  writeDump(dataPath('_parent', configuration.global, identSuffix), globalText(configuration), log);
}
