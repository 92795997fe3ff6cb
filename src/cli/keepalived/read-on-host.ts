// The configuration that -f names, read with what this host has: files, names for numbers, environment.
import { hostname } from 'node:os';
import { type ReadConfiguration, readKeepalived } from '../../config/keepalived/read.js';
import type { DaemonOptions } from '../../daemon/options.js';
import { hostConfigFiles } from '../../host/config-files.js';
import { hostNumberNames } from '../../host/number-names.js';

/** `vm`: the host's name without its domain, which conditions (@vm) are compared with unless -i says otherwise. */
const shortHostName = (): string => hostname().split('.')[0] ?? '';

export function readOnHost({ path, allConfig, configId }: Pick<DaemonOptions, 'path' | 'allConfig' | 'configId'>): ReadConfiguration {
  return readKeepalived(hostConfigFiles, {
    path,
    mustExist: allConfig,
    directory: process.cwd(),
    configId: configId ?? shortHostName(),
    environment: process.env,
    seed: process.pid,
    names: hostNumberNames(),
  });
}
