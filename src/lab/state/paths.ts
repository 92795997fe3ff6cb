// Where weir's own commands are, and the environment of a lab's commands.

import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WeirError } from '../../model/errors/weir-error.js';

/** The state of lab runs; like the namespaces, it does not survive a reboot. */
export const LAB_STATE = '/run/weir/lab';

/** The folder that has bin/: searched upwards from this file, which runs bundled (dist/) or compiled (build/src/lab/state/). */
export function projectRoot(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'bin', 'ipvsadm')) && existsSync(join(folder, 'package.json'))) return folder;
    if (folder === dirname(folder)) throw new WeirError('bin-missing');
  }
}

const SYSTEM_PATH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** The path of a command in the system's folders. */
export function findCommand(name: string): string | undefined {
  return SYSTEM_PATH.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/**
 * The whole environment of a lab's commands, without the caller's proxies, aliases and PATH. weir's bin/ is first in PATH.
 * `home`: a folder of the run, where curl reads its settings.
 */
export function labEnvironment(home: string): Readonly<Record<string, string>> {
  return {
    PATH: [join(projectRoot(), 'bin'), ...SYSTEM_PATH, dirname(process.execPath)].join(delimiter),
    HOME: home,
    CURL_HOME: home,
    LANG: 'C.UTF-8',
    TERM: process.env['TERM'] ?? 'dumb',
  };
}

/** No progress meter, with errors, without a proxy, with a timeout. */
export const CURLRC = 'silent\nshow-error\nnoproxy = "*"\nmax-time = 10\n';
