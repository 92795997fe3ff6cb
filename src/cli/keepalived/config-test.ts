// keepalived -t: reads the configuration as a start would, says what is wrong with it, and ends with keepalived's status.
import { appendFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { checkAgainstHost, type HostFacts } from '../../config/keepalived/check-host.js';
import { exitCodeOf, renderDiagnostic } from '../../config/keepalived/diagnostics.js';
import type { Diagnostic } from '../../config/keepalived/keyword.js';
import { type ReadConfiguration, readKeepalived } from '../../config/keepalived/read.js';
import { scriptState } from '../../daemon/scripts/script-state.js';
import { hostConfigFiles } from '../../host/config-files.js';
import { hostNumberNames } from '../../host/number-names.js';
import { native } from '../../sys/addon.js';
import { Netlink } from '../../sys/netlink.js';
import { decodeLink, dumpLinks, LinkFlag } from '../../wire/rtnetlink-link.js';

export interface ConfigTestOptions {
  /** What -f names. */
  readonly path: string;
  /** -e */
  readonly mustExist: boolean;
  /** -i; absent: the host's short name. */
  readonly configId?: string;
  /** Where messages are appended to instead of stderr (`-tFILE`). */
  readonly logFile?: string;
}

/** The host's interfaces in this network namespace, and where scripts are. */
function hostFacts(): HostFacts {
  const netlink = new Netlink();
  try {
    const links = netlink.dump(dumpLinks(), decodeLink, 'list interfaces');
    const interfaces = links.map(
      ({ name, flags, kind }) => [name, { loopback: (flags & LinkFlag.loopback) !== 0, macvlan: kind === 'macvlan' }] as const,
    );
    return {
      interfaces: new Map(interfaces),
      script: (script) => scriptState(script, process.env['PATH'] ?? '/usr/bin:/bin'),
      user: (user) => native().lookUpUser(user) !== undefined,
      group: (group) => native().lookUpGroup(group) !== undefined,
    };
  } finally {
    netlink.close();
  }
}

/** Reads a configuration on this host, for -t and for whoever starts from it. */
export function readOnHost({ path, mustExist, configId }: ConfigTestOptions): ReadConfiguration {
  return readKeepalived(hostConfigFiles, {
    path,
    mustExist,
    directory: process.cwd(),
    configId: configId ?? hostname().split('.')[0]!,
    environment: process.env,
    seed: process.pid,
    names: hostNumberNames(),
  });
}

/** All that -t has to say, in order. */
export function testConfiguration(options: ConfigTestOptions): readonly Diagnostic[] {
  const { configuration, diagnostics, values } = readOnHost(options);
  const said = [...diagnostics];
  if (configuration !== undefined) checkAgainstHost(configuration, values, hostFacts(), (diagnostic) => said.push(diagnostic));
  return said;
}

/** The status to end with: 0, 2, 4, 5 or 6 (exitCodeOf), 1 where the log file cannot be written. */
export function runConfigTest(options: ConfigTestOptions): number {
  const said = testConfiguration(options);
  const text = said.map((diagnostic) => `${renderDiagnostic(diagnostic)}\n`).join('');
  if (options.logFile === undefined) {
    process.stderr.write(text);
    return exitCodeOf(said);
  }
  try {
    appendFileSync(options.logFile, text, { mode: 0o600 });
  } catch (error) {
    process.stderr.write(`Unable to open config-test log file ${options.logFile} ${(error as Error).message}\n`);
    return 1;
  }
  return exitCodeOf(said);
}
