// The configuration that -f names, read with what this host has: files, names for numbers, environment. Or as a daemon with another root
// reads it, by its files.
import { hostname } from 'node:os';
import type { ConfigFiles } from '../../config/keepalived/lines/config-files.js';
import { type ReadConfiguration, readKeepalived } from '../../config/keepalived/read.js';
import type { DaemonOptions } from '../../daemon/supervisor/daemon-options.js';
import { hostConfigFiles } from '../../host/config-files.js';
import { hostKeyFile } from '../../host/hmac-keys.js';
import { hostNumberNames } from '../../host/number-names.js';
import { workingDirectory } from '../../sys/files/working-directory.js';

/** Where the files of a configuration are. */
export interface FilePlace {
  readonly files: ConfigFiles;
  /** Where relative paths begin. */
  readonly directory: string;
  /** An absolute path in a file, as this process reaches it. */
  readonly reach: (path: string) => string;
}

export const hostPlace = (): FilePlace => ({ files: hostConfigFiles, directory: workingDirectory() ?? '/', reach: (path) => path });

/** `vm`: the host's name without its domain, which conditions (@vm) are compared with unless -i names another. */
export const shortHostName = (): string => hostname().split('.')[0] ?? '';

/** `seed`: what `${_RANDOM}` begins with; a daemon's stays what it is for all its life. */
export function readOnHost(
  { path, allConfig, configId }: Pick<DaemonOptions, 'path' | 'allConfig' | 'configId'>,
  seed = process.pid,
  place: FilePlace = hostPlace(),
  environment: Readonly<Record<string, string | undefined>> = process.env,
): ReadConfiguration {
  return readKeepalived(place.files, {
    path,
    mustExist: allConfig,
    directory: place.directory,
    configId: configId ?? shortHostName(),
    environment,
    seed,
    names: hostNumberNames,
    keyFile: (key) => hostKeyFile(place.reach(key)),
  });
}
