// Where weir's own commands stand, and the environment in which a lab's commands run.

import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WeirError } from '../../model/errors/weir-error.js';

/** Where the state of lab runs is kept; gone at the next boot, as the namespaces are. */
export const LAB_STATE = '/run/weir/lab';

/** The folder that has bin/: found upwards from this file, which runs bundled (dist/) or compiled (build/src/lab/). */
export function projectRoot(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'bin', 'ipvsadm')) && existsSync(join(folder, 'package.json'))) return folder;
    if (folder === dirname(folder)) throw new WeirError('bin-missing');
  }
}

const SYSTEM_PATH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** The first of `folders` that has a file of this name. */
export function findCommand(name: string): string | undefined {
  return SYSTEM_PATH.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/**
 * The whole environment of a lab's commands: ours would bring proxies, aliases and another PATH. weir's bin/ is first.
 * `home`: a folder of the run; curl reads its settings there.
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

/** No progress meter, errors told, never a proxy, and no waiting for ever. */
export const CURLRC = 'silent\nshow-error\nnoproxy = "*"\nmax-time = 10\n';
