// The configuration that -f names, read with what this host has: files, names for numbers, environment.
import { hostname } from 'node:os';
import { type ReadConfiguration, readKeepalived } from '../../config/keepalived/read.js';
import type { DaemonOptions } from '../../daemon/options.js';
import { hostConfigFiles } from '../../host/config-files.js';
import { withKeysOfFiles } from '../../host/hmac-keys.js';
import { hostNumberNames } from '../../host/number-names.js';

/** `vm`: the host's name without its domain, which conditions (@vm) are compared with unless -i says otherwise. */
const shortHostName = (): string => hostname().split('.')[0] ?? '';

export function readOnHost({ path, allConfig, configId }: Pick<DaemonOptions, 'path' | 'allConfig' | 'configId'>): ReadConfiguration {
  const read = readKeepalived(hostConfigFiles, {
    path,
    mustExist: allConfig,
    directory: process.cwd(),
    configId: configId ?? shortHostName(),
    environment: process.env,
    seed: process.pid,
    names: hostNumberNames(),
  });
  if (read.configuration === undefined) return read;
  const diagnostics = [...read.diagnostics];
  const configuration = withKeysOfFiles(read.configuration, (text) => {
    diagnostics.push({ severity: 'error', at: { file: path, line: 1, column: 1 }, text });
  });
  return { ...read, configuration, diagnostics };
}
