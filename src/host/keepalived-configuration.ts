// A keepalived.conf as this host's daemon reads it, and what that daemon runs with where the file was broken meanwhile.
import { hostname } from 'node:os';
import { type Damage, damageOf, newDamage } from '../config/keepalived/diagnostics/damage.js';
import { isTextFault, renderDiagnostic } from '../config/keepalived/diagnostics/outcome.js';
import { readKeepalived } from '../config/keepalived/read.js';
import type { KeepalivedConfiguration } from '../model/keepalived/configuration.js';
import { unlessCode } from '../sys/errno.js';
import { workingDirectory } from '../sys/files/working-directory.js';
import { hostConfigFiles } from './config-files.js';
import { type KeepalivedDaemon, keepalivedDaemons } from './keepalived-daemons.js';
import { hostNumberNames } from './number-names.js';
import { rootedConfigFiles } from './rooted-config-files.js';
import { type RunningDaemon, runningDaemons } from './running-daemon.js';

export interface FoundConfiguration {
  /** Absent: the file cannot be read, or not to its end, and no daemon publishes what it runs with. */
  readonly configuration?: KeepalivedConfiguration;
  /** What keepalived would ignore of the file, or perhaps read otherwise than it was meant, as `keepalived -t` prints it. */
  readonly faults: readonly string[];
  /** Because of these, it is what the running daemon has, not what is in the file. */
  readonly ofDaemon: boolean;
}

interface FileRead extends Omit<FoundConfiguration, 'ofDaemon'> {
  readonly damage: readonly Damage[];
}

function readFile(path: string, daemon: KeepalivedDaemon | undefined): FileRead {
  const rooted = daemon?.root === undefined ? undefined : { ...daemon, root: daemon.root };
  const files = rooted === undefined ? hostConfigFiles : rootedConfigFiles(rooted.root, rooted.folder);
  const { configuration, diagnostics, values } = readKeepalived(files, {
    path: rooted?.path ?? path,
    mustExist: true,
    directory: rooted?.folder ?? workingDirectory() ?? '/',
    configId: daemon?.configId ?? hostname().split('.')[0] ?? '',
    environment: process.env,
    names: hostNumberNames,
  });
  const faults = diagnostics.filter(isTextFault).map(renderDiagnostic);
  return { ...(configuration === undefined ? {} : { configuration }), faults, damage: damageOf(diagnostics, values) };
}

/** What weir's daemons of this network namespace publish; nothing without root. */
const published = (): readonly RunningDaemon[] => unlessCode(() => runningDaemons(), ['EACCES'], []);

/**
 * With the config-id of the daemon that runs with it, if one does. A file that was broken since its daemon read it counts less than what
 * that daemon has; what was wrong in it already then is in the daemon's log.
 */
export function keepalivedConfiguration(path: string): FoundConfiguration {
  const daemons = keepalivedDaemons().filter(({ file }) => file === path);
  const { damage, ...read } = readFile(path, daemons[0]);
  if (read.faults.length === 0) return { ...read, ofDaemon: false };
  const running = published().find(({ pid }) => daemons.some((one) => one.pid === pid));
  if (running === undefined) return { ...read, ofDaemon: false };
  if (read.configuration !== undefined && newDamage(running.damage, damage).length === 0) return { ...read, faults: [], ofDaemon: false };
  return { ...read, configuration: running.configuration, ofDaemon: true };
}
