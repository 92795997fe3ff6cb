// What a command did to this host, remembered per network namespace so that it can be undone: /run/weir/KIND/COOKIE.json.
//
// A namespace's cookie is never used twice in one boot, and /run is empty after the next: no file outlives the namespace it is about.
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { native } from '../sys/addon.js';
import { unlessCode } from '../sys/errno.js';
import { readTextFile, removeFile, replaceTextFile } from '../sys/files/durable-file.js';
import { locked } from '../sys/files/lock.js';
import { liveCookies } from '../sys/policy/live-netns.js';

export type StateKind = 'realserver' | 'vip';

const folderOf = (kind: StateKind | 'vrrp'): string => `/run/weir/${kind}`;

/** Where what `kind` did in our network namespace is remembered. */
export function netnsStatePath(kind: StateKind | 'vrrp'): string {
  return `${folderOf(kind)}/${native().netnsCookie()}.json`;
}

/** Some commands wait for answers from the network while they hold the lock. */
const LOCK_WAIT_MS = 15_000;

export class StateFile {
  readonly path: string;

  constructor(kind: StateKind) {
    this.path = netnsStatePath(kind);
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

/** If there are more files than this, those of namespaces that are gone are removed. */
const SWEEP_ABOVE = 64;

/** @throws SystemError */
export function sweep(kind: StateKind | 'vrrp'): void {
  const folder = folderOf(kind);
  const names = unlessCode(() => readdirSync(folder), ['ENOENT'], []);
  if (names.length <= SWEEP_ABOVE) return;
  const cookieOf = (name: string): bigint | undefined => {
    const digits = /^(\d+)\.(json|lock)$/.exec(name)?.[1];
    return digits === undefined ? undefined : BigInt(digits);
  };
  const alive = liveCookies(names.flatMap((name) => cookieOf(name) ?? []));
  for (const name of names) {
    const cookie = cookieOf(name);
    if (cookie !== undefined && !alive.has(cookie)) rmSync(`${folder}/${name}`, { force: true });
  }
}

/**
 * Runs `work` while no other command of this kind runs in this namespace: between reading what is there and changing it
 * no other command may interfere. @throws WeirError lock-busy, SystemError
 */
export function withState<T>(kind: StateKind, work: (state: StateFile) => T): T {
  mkdirSync(folderOf(kind), { recursive: true });
  sweep(kind);
  const state = new StateFile(kind);
  return locked(state.path.replace(/json$/, 'lock'), { waitMs: LOCK_WAIT_MS }, () => work(state));
}
