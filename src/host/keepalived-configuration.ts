// A keepalived.conf as this host's daemon reads it.
import { hostname } from 'node:os';
import { readKeepalived } from '../config/keepalived/read.js';
import type { KeepalivedConfiguration } from '../model/keepalived/configuration.js';
import { workingDirectory } from '../sys/files/working-directory.js';
import { hostConfigFiles } from './config-files.js';
import { keepalivedDaemons } from './keepalived-daemons.js';
import { hostNumberNames } from './number-names.js';

/** With the config-id of the daemon that runs with it, if one does. Undefined: the file cannot be read. */
export function keepalivedConfiguration(path: string): KeepalivedConfiguration | undefined {
  const daemon = keepalivedDaemons().find(({ file }) => file === path);
  return readKeepalived(hostConfigFiles, {
    path,
    mustExist: true,
    directory: workingDirectory() ?? '/',
    configId: daemon?.configId ?? hostname().split('.')[0] ?? '',
    environment: process.env,
    names: hostNumberNames,
  }).configuration;
}
