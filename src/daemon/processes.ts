// The processes that the supervisor starts, one row each. A new process is a folder with a part.ts, and a row here.
import type { KeepalivedConfiguration } from '../model/keepalived/configuration.js';
import type { ProcessSettings, RootSettings } from '../model/keepalived/global.js';
import type { Capability } from '../sys/processes/own-capabilities.js';
import type { StartPart } from './process/part.js';

/** What keepalived's command line and configuration decide about one of its processes. */
interface KeepalivedProcess {
  /** The option that names another pid file. */
  readonly pidFileOption: string;
  /** `only`: with options of this sort on the command line, only their processes run. `without`: it takes this process out. */
  readonly choice: { readonly kind: 'only' | 'without'; readonly option: string };
  /** The pid file's name without its suffix. */
  readonly pidFile: string;
  readonly settings: (configuration: KeepalivedConfiguration) => ProcessSettings;
}

export interface ProcessRow {
  /** In keepalived's log lines: `Starting TITLE child process`. */
  readonly title: string;
  /** In keepalived's log lines: `NAME process failed to die`. */
  readonly name: string;
  /** The name in syslog. */
  readonly ident: string;
  /** Whether a configuration needs the process. */
  readonly isWanted: (configuration: KeepalivedConfiguration) => boolean;
  /** Node's options for the process. */
  readonly nodeFlags: readonly string[];
  /** It must never pause for a full garbage collection. */
  readonly prompt: boolean;
  /** A process that sent nothing for so many of the supervisor's ticks hangs. */
  readonly silentTicksMax: number;
  /** An exit status that no restart changes ends the daemon. */
  readonly endsDaemon: boolean;
  /** Absent: a process of weir's own, which runs unless the command line chooses others, and has no pid file. */
  readonly keepalived?: KeepalivedProcess;
  /** All that it keeps of root's, and all that it starts; absent: what the daemon has. One that enters a namespace keeps CAP_SYS_ADMIN, too. */
  readonly capabilities?: readonly Capability[];
  /** A network namespace of its own; absent: the daemon's. Empty: the one that the daemon was started in. */
  readonly netNamespace?: (root: RootSettings) => string | undefined;
  readonly load: () => Promise<StartPart>;
}

/** One helper thread, not one for each CPU. */
const FEW_THREADS: readonly string[] = ['--v8-pool-size=1'];
/**
 * What must not be late. V8's helper threads would be ordinary ones beside a real-time main thread that waits for them. And V8 throws code away that
 * was not used for a while: a backup's takeover, just when it is needed. 1 MB for new objects is enough, and collected in a shorter pause.
 */
const PROMPT: readonly string[] = [...FEW_THREADS, '--single-threaded', '--no-flush-bytecode', '--max-semi-space-size=1'];

/**
 * For thousands of checks a second. V8 would take what checks leave behind for lasting, and keep it until a full collection; and it would
 * wait for its helper thread with a core that is busy. 16 MB for new objects are collected four times as seldom as 4 MB, in twice the time.
 */
const MANY_CHECKS: readonly string[] = [
  ...FEW_THREADS,
  '--no-allocation-site-pretenuring',
  '--single-threaded-gc',
  '--max-semi-space-size=16',
];

/** To change the table and interfaces, to find daemons of root, to listen and to read keys; to be no more than that where a stranger talks to it. */
const OF_TABLE: readonly Capability[] = [
  'CAP_NET_ADMIN',
  'CAP_BPF',
  'CAP_PERFMON',
  'CAP_NET_RAW',
  'CAP_SYS_PTRACE',
  'CAP_CHOWN',
  'CAP_NET_BIND_SERVICE',
  'CAP_DAC_READ_SEARCH',
];

/** Static objects need the VRRP process, too. */
const needsVrrp = ({ instances, root }: KeepalivedConfiguration): boolean =>
  [instances, root.staticAddresses, root.staticRoutes, root.staticRules].some((list) => list.length > 0);

const TABLE = {
  checker: {
    title: 'Healthcheck',
    name: 'checker',
    ident: 'Keepalived_healthcheckers',
    isWanted: ({ virtualServers }) => virtualServers.length > 0,
    nodeFlags: MANY_CHECKS,
    prompt: false,
    // A large table may take it that long; it never waits for the table's lock.
    silentTicksMax: 30,
    endsDaemon: false,
    keepalived: {
      pidFileOption: 'c',
      choice: { kind: 'only', option: 'C' },
      pidFile: 'checkers',
      settings: ({ global }) => global.processes.checker,
    },
    netNamespace: ({ ipvsNamespace }) => ipvsNamespace,
    load: () => import('./checker/part.js').then(({ startChecker }) => startChecker),
  },
  vrrp: {
    title: 'VRRP',
    name: 'vrrp',
    ident: 'Keepalived_vrrp',
    isWanted: needsVrrp,
    nodeFlags: PROMPT,
    prompt: true,
    silentTicksMax: 10,
    endsDaemon: true,
    keepalived: {
      pidFileOption: 'r',
      choice: { kind: 'only', option: 'P' },
      pidFile: 'vrrp',
      settings: ({ global }) => global.processes.vrrp,
    },
    load: () => import('./vrrp/part.js').then(({ startVrrp }) => startVrrp),
  },
  bfd: {
    title: 'BFD',
    name: 'bfd',
    ident: 'Keepalived_bfd',
    isWanted: ({ bfds }) => bfds.length > 0,
    nodeFlags: PROMPT,
    prompt: true,
    silentTicksMax: 10,
    endsDaemon: false,
    keepalived: {
      pidFileOption: 'b',
      choice: { kind: 'without', option: 'B' },
      pidFile: 'bfd',
      settings: ({ global }) => global.processes.bfd,
    },
    load: () => import('./bfd/part.js').then(({ startBfd }) => startBfd),
  },
  sync: {
    title: 'Synchronisation',
    name: 'sync',
    ident: 'Weir_sync',
    isWanted: ({ global }) => global.lvsSyncStream !== undefined,
    nodeFlags: FEW_THREADS,
    prompt: false,
    // It loads the datapath where that is missing, for which it may have to wait 30 s.
    silentTicksMax: 60,
    endsDaemon: false,
    netNamespace: ({ ipvsNamespace }) => ipvsNamespace,
    load: () => import('./sync/part.js').then(({ startSync }) => startSync),
  },
  proxy: {
    title: 'Proxy',
    name: 'proxy',
    ident: 'Weir_proxy',
    isWanted: ({ weir }) => weir?.layer7 !== undefined,
    nodeFlags: FEW_THREADS,
    prompt: false,
    silentTicksMax: 10,
    endsDaemon: false,
    load: () => import('./proxy/part.js').then(({ startProxy }) => startProxy),
  },
  feedback: {
    title: 'Feedback',
    name: 'feedback',
    ident: 'Weir_feedback',
    isWanted: ({ weir }) => (weir?.feedback ?? []).length > 0,
    nodeFlags: FEW_THREADS,
    prompt: false,
    silentTicksMax: 10,
    endsDaemon: false,
    capabilities: OF_TABLE,
    netNamespace: ({ ipvsNamespace }) => ipvsNamespace,
    load: () => import('./feedback/part.js').then(({ startFeedback }) => startFeedback),
  },
  api: {
    title: 'API',
    name: 'api',
    ident: 'Weir_api',
    isWanted: ({ weir }) => weir !== undefined && weir.api?.enabled !== false,
    nodeFlags: FEW_THREADS,
    prompt: false,
    // It loads the datapath for the first service, for which it may have to wait 30 s.
    silentTicksMax: 60,
    endsDaemon: false,
    capabilities: OF_TABLE,
    netNamespace: ({ ipvsNamespace }) => ipvsNamespace,
    load: () => import('./api/part.js').then(({ startApi }) => startApi),
  },
} satisfies Record<string, ProcessRow>;

export type ProcessKind = keyof typeof TABLE;

export const PROCESSES: Readonly<Record<ProcessKind, ProcessRow>> = TABLE;

/** In the order in which they are started. */
export const PROCESS_KINDS = Object.keys(TABLE) as readonly ProcessKind[];

/** Started before the configuration is read: it is nearly always wanted, and takes longest to load. */
export const EARLY_PROCESS: ProcessKind = 'vrrp';

export const isProcessKind = (text: string | undefined): text is ProcessKind => text !== undefined && Object.hasOwn(TABLE, text);

/** A value for each process. */
export const perProcess = <T>(value: (row: ProcessRow, kind: ProcessKind) => T): Readonly<Record<ProcessKind, T>> =>
  Object.fromEntries(PROCESS_KINDS.map((kind) => [kind, value(PROCESSES[kind], kind)])) as Record<ProcessKind, T>;

const NO_SETTINGS: ProcessSettings = { noSwap: false, cpus: [] };

/** What the configuration sets for a process of keepalived's; nothing for one of weir's own. */
export const settingsOf = ({ keepalived }: ProcessRow, configuration: KeepalivedConfiguration): ProcessSettings =>
  keepalived?.settings(configuration) ?? NO_SETTINGS;

/** Whether the command line lets a process run. `given`: its options by letter; without -P and -C all may run, and -B takes BFD out. */
export function isAllowed({ keepalived }: ProcessRow, given: ReadonlySet<string>): boolean {
  const onlyChosen = PROCESS_KINDS.some((kind) => {
    const choice = PROCESSES[kind].keepalived?.choice;
    return choice?.kind === 'only' && given.has(choice.option);
  });
  if (keepalived === undefined) return !onlyChosen;
  const isGiven = given.has(keepalived.choice.option);
  return keepalived.choice.kind === 'without' ? !isGiven : !onlyChosen || isGiven;
}

/** Whether a configuration needs a process. `all`: those of keepalived's without configuration, too. */
export const isNeeded = ({ keepalived, isWanted }: ProcessRow, configuration: KeepalivedConfiguration, all: boolean): boolean =>
  (all && keepalived !== undefined) || isWanted(configuration);

/** Which of the processes that the command line allows a configuration needs. */
export function processesWanted(
  { parts, all }: { readonly parts: Readonly<Record<ProcessKind, boolean>>; readonly all: boolean },
  configuration: KeepalivedConfiguration,
): readonly ProcessKind[] {
  return PROCESS_KINDS.filter((kind) => parts[kind] && isNeeded(PROCESSES[kind], configuration, all));
}
