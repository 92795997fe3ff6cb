// Where weir's pins are: a bpffs of its own at /run/weir/bpf, one folder per network namespace, named by its cookie.
//
// It must outlive the command that mounts it. `ip netns exec` and `unshare -m` give a command a private mount namespace,
// and a chroot another root: what is mounted there vanishes or is invisible to other processes. So weir's bpffs is always in
// the machine's first mount namespace (mount-view.ts), and is reached through /proc where it cannot be seen directly.

import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { WeirError } from '../../../model/errors/weir-error.js';
import { native } from '../../../sys/addon.js';
import { unlessCode } from '../../../sys/errno.js';
import { locked } from '../../../sys/files/lock.js';
import { sweepRun } from '../../../sys/policy/sweep-run.js';
import { mountView, type View } from './mount-view.js';

export const BPFFS_PLACE = '/run/weir/bpf';
const BPF_FS_MAGIC = 0xcafe4a11;
/** /run is read-only or full. */
const NO_FILES = ['EROFS', 'ENOSPC', 'EDQUOT'] as const;

/** One bpffs of weir's, mounted; all paths are as this process sees them. */
export class Bpffs {
  private constructor(
    /** The mount point. */
    readonly base: string,
    /** The folder above it, an ordinary one: for lock files. */
    readonly above: string,
  ) {}

  /**
   * The bpffs, or undefined when none is mounted yet. Changes nothing.
   * @throws WeirError proc-not-mounted, mounts-hidden
   */
  static find(place: string = BPFFS_PLACE): Bpffs | undefined {
    const { root } = mountView();
    if (!isBpffs(root + place)) return undefined;
    // The shorter path, if both paths lead to the same file system.
    const base = root !== '' && sameDevice(place, root + place) ? place : root + place;
    return new Bpffs(base, root + dirname(place));
  }

  /**
   * The bpffs, mounted first where it is not.
   * @throws WeirError bpffs-… of what is in the way
   */
  static ensure(place: string = BPFFS_PLACE): Bpffs {
    const present = Bpffs.find(place);
    if (present !== undefined) return present;
    const view = mountView();
    const { root } = view;
    const above = root + dirname(place);
    try {
      makeFolder(above, 0o755);
    } catch (error) {
      throw new WeirError('bpffs-folder', { folder: dirname(place), why: (error as Error).message }, { cause: error });
    }
    return locked(`${above}/mount.lock`, {}, () => {
      // Whoever held the lock may have mounted it; a second mount would hide the first one's pins.
      if (!isBpffs(root + place)) mount(place, view);
      const mounted = Bpffs.find(place);
      if (mounted === undefined) throw new WeirError('bpffs-hidden', { place });
      return mounted;
    });
  }

  /** The folder of a namespace (by default our own), whether it exists or not. */
  path(cookie: bigint = native().netnsCookie()): string {
    return `${this.base}/${cookie}`;
  }

  /** The folder of a namespace, made where it is missing (mode 0700). */
  folder(cookie: bigint = native().netnsCookie()): string {
    const path = this.path(cookie);
    makeFolder(path, 0o700);
    return path;
  }

  /**
   * What the commands of a namespace lock: a file beside the bpffs, which holds no ordinary files; kept when the folder goes. Where none can
   * be made, the bpffs itself, which all namespaces then share.
   */
  lockPath(cookie: bigint = native().netnsCookie()): string {
    const file = this.#lockFile(cookie);
    const make = (): void => {
      makeFolder(dirname(file), 0o700);
      closeSync(openSync(file, 'a', 0o600));
    };
    if (!existsSync(file)) unlessCode(make, NO_FILES, undefined);
    return this.presentLock(cookie);
  }

  /** The path that commands of a namespace lock, as it is now: the file if there is one, else the bpffs. Makes nothing. */
  presentLock(cookie: bigint = native().netnsCookie()): string {
    return existsSync(this.#lockFile(cookie)) ? this.#lockFile(cookie) : this.base;
  }

  #lockFile(cookie: bigint): string {
    return `${this.above}/lock/${cookie}`;
  }

  /** The cookies that have a folder. */
  cookies(): readonly bigint[] {
    return cookiesIn(this.base);
  }

  /** Removes what namespaces that are gone have left here and beside it; the cookies of the folders removed. */
  sweep(): readonly bigint[] {
    return sweepRun(this.above, this.base);
  }
}

function cookiesIn(folder: string): readonly bigint[] {
  const names = unlessCode(() => readdirSync(folder), ['ENOENT'], []);
  return names.filter((name) => /^\d+$/.test(name)).map(BigInt);
}

/** Mounts in the anchor's mount namespace, under its root. */
function mount(place: string, view: View): void {
  makeFolder(view.root + place, 0o700);
  const enter = view.root === '' ? [] : ['nsenter', '--target', String(view.anchor), '--mount', '--'];
  const [command = '', ...rest] = [...enter, 'mount', '-t', 'bpf', '-o', 'mode=0700', 'weir', place];
  try {
    execFileSync(command, rest, { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
  } catch (error) {
    const { code, stderr } = error as { code?: string; stderr?: string };
    const why =
      code === 'ENOENT' ? `${command} is not installed: apt-get install util-linux mount` : ((stderr ?? '').trim().split('\n')[0] ?? '');
    throw new WeirError('bpffs-mount', { place, why }, { cause: error });
  }
}

/** Makes a folder that may exist already. Its parent must: node's recursive mkdir never ends where none can be made. */
function makeFolder(path: string, mode: number): void {
  unlessCode(() => mkdirSync(path, { mode }), ['EEXIST'], undefined);
}

function isBpffs(path: string): boolean {
  // glibc and node disagree on the sign of this field
  return unlessCode(() => statfsSync(path).type >>> 0 === BPF_FS_MAGIC, ['ENOENT', 'ENOTDIR'], false);
}

function sameDevice(a: string, b: string): boolean {
  return unlessCode(() => statSync(a).dev === statSync(b).dev, ['ENOENT', 'ENOTDIR'], false);
}
