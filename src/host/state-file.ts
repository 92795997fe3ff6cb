// What a command did to this host, remembered per network namespace so that it can be undone: /run/weir/KIND/COOKIE.json.
//
// A namespace's cookie is never used twice in one boot, and /run is empty after the next: no file outlives the namespace it is about.
import { native } from '../sys/addon.js';
import { readTextFile, removeFile, replaceTextFile } from '../sys/files/durable-file.js';
import { locked } from '../sys/files/lock.js';
import { makeFolders } from '../sys/files/make-folders.js';
import { type NamespaceFolder, sweepRun } from '../sys/policy/sweep-run.js';

const RUN = '/run/weir';

export type StateKind = Extract<NamespaceFolder, 'drain' | 'feedback' | 'realserver' | 'release' | 'sync' | 'tune' | 'vip'>;
/** Kinds of the daemon, which keeps their files itself. */
export type DaemonStateKind = Extract<NamespaceFolder, 'vrrp' | 'health'>;

const folderOf = (kind: StateKind | DaemonStateKind): string => `${RUN}/${kind}`;

/** Where what `kind` did in a network namespace is remembered. `suffix`: of one of several, `_NAME`. `cookie`: of the namespace; default: ours. */
export function netnsStatePath(kind: StateKind | DaemonStateKind, suffix = '', cookie = native().netnsCookie()): string {
  return `${folderOf(kind)}/${cookie}${suffix}.json`;
}

/** Where an engine of layer 7 has its configuration, its socket and its certificates in this network namespace. */
export const netnsEngineFolder = (engine: 'haproxy' | 'nginx'): string => `${RUN}/${engine}/${native().netnsCookie()}`;

/** Some commands wait for answers from the network while they hold the lock. */
const LOCK_WAIT_MS = 15_000;

export class StateFile {
  readonly path: string;

  /** `suffix`, `cookie`: as netnsStatePath. */
  constructor(kind: StateKind, suffix = '', cookie?: bigint) {
    this.path = netnsStatePath(kind, suffix, cookie);
  }

  read(): string | undefined {
    return readTextFile(this.path);
  }

  /** undefined: removes the file. */
  write(text: string | undefined): void {
    if (text === undefined) {
      removeFile(this.path);
    } else {
      replaceTextFile(this.path, text);
    }
  }
}

/**
 * Runs `work` while no other command of this kind runs in this namespace: between reading what is there and changing it
 * no other command may interfere. `waitMs`: for the end of one that runs. @throws WeirError lock-busy, SystemError
 */
export function withState<T>(kind: StateKind, work: (state: StateFile) => T, waitMs = LOCK_WAIT_MS): T {
  makeFolders(folderOf(kind));
  sweepRun(RUN, `${RUN}/bpf`);
  const state = new StateFile(kind);
  return locked(state.path.replace(/json$/, 'lock'), { waitMs }, () => work(state));
}
