// Writes and removes the files that restore a set-up after a reboot, below any root (an image, a test's folder).
import { existsSync, lstatSync, mkdirSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import type { PersistFile } from '../control/realserver/persist-files.js';
import { unlessCode } from '../sys/errno.js';
import { readTextFile, replaceTextFile } from '../sys/files/durable-file.js';
import { runChild } from '../sys/processes/child.js';

/** What starts the services below this root: systemd where it is running (or installed, in an image), else ifupdown's hooks. */
export function initOf(root: string): 'systemd' | 'ifupdown' {
  const sign = root === '' ? '/run/systemd/system' : `${root}/etc/systemd/system`;
  return existsSync(sign) ? 'systemd' : 'ifupdown';
}

/** The paths that were written; unchanged ones are left out. `root`: '' or a folder without a final slash. */
export function writePersistFiles(root: string, files: readonly PersistFile[]): readonly string[] {
  const written: string[] = [];
  for (const { path, text, link, mode } of files) {
    const at = `${root}${path}`;
    if (text !== undefined && readTextFile(at) !== text) {
      replaceTextFile(at, text, mode);
      written.push(at);
    }
    if (link !== undefined && unlessCode(() => readlinkSync(at), ['ENOENT', 'EINVAL'], undefined) !== link) {
      mkdirSync(dirname(at), { recursive: true });
      rmSync(at, { force: true });
      symlinkSync(link, at);
      written.push(at);
    }
  }
  return written;
}

/** Of these paths the ones that exist below `root`. */
export function presentPersistFiles(root: string, paths: readonly string[]): readonly string[] {
  return paths.map((path) => `${root}${path}`).filter((path) => lstatSync(path, { throwIfNoEntry: false }) !== undefined);
}

/** The paths that were removed. */
export function removePersistFiles(root: string, paths: readonly string[]): readonly string[] {
  const present = presentPersistFiles(root, paths);
  for (const path of present) rmSync(path);
  return present;
}

/** Makes systemd read its units again; its message when it cannot, in one line. */
export async function reloadUnits(root: string): Promise<string | undefined> {
  if (root !== '' || initOf(root) !== 'systemd') return undefined;
  const { exit, stderr } = await runChild(['systemctl', 'daemon-reload'], { timeoutMs: 20_000 });
  return exit === 0 ? undefined : `systemctl daemon-reload: ${stderr.trim().split('\n')[0] ?? `exit ${exit}`}`;
}
