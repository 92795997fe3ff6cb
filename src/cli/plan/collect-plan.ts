// Reads the file as a start or a reload would, and what is there, and makes the plan. Nothing is locked, loaded, attached, repaired or
// written.
import { readFileSync } from 'node:fs';
import { makePlan } from '../../control/plan/make-plan.js';
import type { Plan } from '../../control/plan/plan.js';
import type { KnownHealth } from '../../control/plan/reload-table.js';
import { KEEPALIVED_NAMES } from '../../control/virtual-server/names.js';
import { parseRemembered } from '../../daemon/checker/health-record.js';
import { enterNamespace } from '../../daemon/process/enter-namespace.js';
import type { DaemonOptions } from '../../daemon/supervisor/daemon-options.js';
import { identSuffix } from '../../daemon/supervisor/ident-suffix.js';
import type { Loaded } from '../../daemon/supervisor/reload/loaded.js';
import { refusalOf } from '../../daemon/supervisor/reload/refusal.js';
import { valueOfFile } from '../../daemon/trackers/track-files.js';
import { observeDatapath } from '../../datapath/ebpf/observe/observer.js';
import { observedFacts } from '../../document/observed-facts.js';
import { keepalivedDaemons } from '../../host/keepalived-daemons.js';
import { insideRoot, rootedConfigFiles } from '../../host/rooted-config-files.js';
import type { RunningDaemon } from '../../host/running-daemon.js';
import { netnsStatePath } from '../../host/state-file.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { addressId } from '../../model/identity.js';
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import { monotonicUs, systemClock } from '../../sys/clock.js';
import { unlessCode } from '../../sys/errno.js';
import { using } from '../../sys/fd.js';
import { readTextFile } from '../../sys/files/durable-file.js';
import { Netlink } from '../../sys/netlink/netlink.js';
import { decodeInterfaceAddress, dumpAddresses } from '../../wire/rtnetlink-address.js';
import { loadWeirConfiguration } from '../keepalived/load-weir-configuration.js';
import { DEFAULT_PATH, readOptions } from '../keepalived/options.js';
import { type FilePlace, hostPlace } from '../keepalived/read-on-host.js';

/**
 * What a check finds is in the table a moment before it is in the daemon's record: what looks changed by hand is looked at again, so often
 * and after such a pause, ms.
 */
const LOOKS_MAX = 4;
const LOOK_PAUSE_MS = 150;

/** Where the daemon's files are: below its root where it has another one, or other mounts. */
function placeOf(daemon: RunningDaemon): FilePlace {
  const process = keepalivedDaemons().find(({ pid }) => pid === daemon.pid);
  const { root, folder = '/' } = process ?? {};
  if (root === undefined) return hostPlace();
  return { files: rootedConfigFiles(root, folder), directory: folder, reach: (path) => insideRoot(root, path) };
}

export interface PlanResult {
  /** Of the file, as `keepalived -t` prints them. */
  readonly messages: readonly string[];
  /** Why a reload or a start with the file is refused. */
  readonly refused?: string;
  readonly plan?: Plan;
}

/** The options that the daemon was started with, as far as reading depends on them. */
function optionsFor(file: string, daemon: RunningDaemon | undefined): DaemonOptions {
  const asked = readOptions(['-n', '-f', file]);
  if (asked.kind !== 'run') throw new WeirError('option-value', { option: '-f', expected: 'a file', given: file });
  if (daemon === undefined) return asked.options;
  const { configId, allConfig, servesTable, runsVrrp, weirFile } = daemon;
  const parts = { ...asked.options.parts, checker: servesTable, vrrp: runsVrrp };
  return {
    ...asked.options,
    ...(configId === undefined ? {} : { configId }),
    ...(weirFile === undefined ? {} : { weirFile }),
    allConfig,
    parts,
  };
}

/** The daemon's, which a file may refer to; ours, where it cannot be read. */
function environmentOf(daemon: RunningDaemon | undefined): NodeJS.ProcessEnv {
  if (daemon === undefined) return process.env;
  const text = unlessCode(() => readFileSync(`/proc/${daemon.pid}/environ`, 'utf8'), ['ENOENT', 'ESRCH', 'EACCES', 'EPERM'], undefined);
  if (text === undefined) return process.env;
  const entries = text.split('\0').filter((entry) => entry.includes('='));
  return Object.fromEntries(entries.map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]));
}

const NO_FILE = 'there is no configuration file (weir plan FILE plans a weir.yaml, weir plan -f FILE a keepalived.conf)';

function refusal(daemon: RunningDaemon | undefined, loaded: Loaded): string | undefined {
  if (daemon !== undefined) {
    const { reloadCheckConfig } = daemon.configuration.global;
    if (reloadCheckConfig !== undefined && loaded.outcome !== 'ok') return 'the file has errors, and reload_check_config refuses those';
    return refusalOf(daemon, loaded);
  }
  if (loaded.configuration !== undefined) return undefined;
  return loaded.outcome === 'missing' ? NO_FILE : 'the configuration cannot be used';
}

/** Without what the daemon's command line leaves out (-P, -C), and with what no reload changes. */
function asRun(configuration: KeepalivedConfiguration, daemon: RunningDaemon | undefined): KeepalivedConfiguration {
  if (daemon === undefined) return configuration;
  const { netNamespace, instanceName } = daemon.configuration.root;
  const { netNamespace: _net, instanceName: _name, ...rest } = configuration.root;
  return {
    ...configuration,
    root: { ...rest, ...(netNamespace === undefined ? {} : { netNamespace }), ...(instanceName === undefined ? {} : { instanceName }) },
    ...(daemon.servesTable ? {} : { virtualServers: [] }),
    ...(daemon.runsVrrp ? {} : { instances: [] }),
  };
}

const addressesHere = (): ReadonlySet<string> =>
  using(new Netlink(), (netlink) => {
    const found = netlink.dump(dumpAddresses(), decodeInterfaceAddress, 'list addresses');
    return new Set(found.map(({ address }) => addressId(address)));
  });

function healthOf(configuration: KeepalivedConfiguration, suffix: string, { reach }: FilePlace): KnownHealth {
  const remembered = parseRemembered(readTextFile(netnsStatePath('health', suffix)) ?? '');
  const checks = configuration.virtualServers.flatMap(({ realServers }) => realServers.flatMap(({ checkers }) => checkers));
  const names = new Set(checks.flatMap(({ check }) => (check.kind === 'file' ? [check.trackFile] : [])));
  const files = configuration.files
    .filter(({ name }) => names.has(name))
    .map(({ name, path }) => [name, valueOfFile(reach(path))] as const);
  return { remembered, files: new Map(files), atUs: monotonicUs() };
}

/**
 * `given`: an absolute path of ours; undefined: the daemon's own file, as it reads it.
 * @throws WeirError datapath-other-build, pin-missing …; SystemError EPERM without root
 */
export function collectPlan(given: string | undefined, daemon: RunningDaemon | undefined, names = KEEPALIVED_NAMES): PlanResult {
  const place = given === undefined && daemon !== undefined ? placeOf(daemon) : hostPlace();
  const options = optionsFor(given ?? daemon?.file ?? DEFAULT_PATH, daemon);
  const loaded = loadWeirConfiguration(options, daemon?.pid, environmentOf(daemon), place);
  const messages = loaded.messages.map(({ text }) => text);
  const refused = refusal(daemon, loaded);
  if (refused !== undefined || loaded.configuration === undefined)
    return { messages, refused: refused ?? 'the configuration cannot be used' };
  const next = asRun(loaded.configuration, daemon);
  const running = daemon === undefined ? undefined : asRun(daemon.configuration, daemon);
  const { netNamespace, ipvsNamespace } = next.root;
  if (daemon === undefined && netNamespace !== undefined) enterNamespace(netNamespace);
  const held = addressesHere();
  if (ipvsNamespace !== undefined && ipvsNamespace !== '') enterNamespace(ipvsNamespace);
  const suffix = daemon?.suffix ?? identSuffix(options, next);
  let moved: readonly string[] = [];
  const look = (): Plan => {
    const facts = observedFacts(observeDatapath());
    moved = facts.moved;
    return makePlan(running, next, { ...facts, held, names, health: healthOf(running ?? next, suffix, place) });
  };
  let plan = look();
  for (let looks = 1; looks < LOOKS_MAX && daemon !== undefined && plan.drift.some(({ stays }) => !stays); looks++) {
    systemClock.sleep(LOOK_PAUSE_MS);
    plan = look();
  }
  return { messages: [...messages, ...moved], plan };
}
