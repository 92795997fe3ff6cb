// The options that this host's service files give to keepalived.
import { readFileSync } from 'node:fs';

/** Debian's and Red Hat's file, and the variable in each. */
const SERVICE_FILES = [
  { path: '/etc/default/keepalived', variable: 'DAEMON_ARGS' },
  { path: '/etc/sysconfig/keepalived', variable: 'KEEPALIVED_OPTIONS' },
] as const;

/** The words of a `VARIABLE="…"` line; the last one counts. */
export function optionWords(text: string, variable: string): readonly string[] {
  const line = text
    .split('\n')
    .map((one) => one.trim())
    .findLast((one) => one.startsWith(`${variable}=`));
  const value = line?.slice(variable.length + 1).replace(/^(["'])(.*)\1$/, '$2') ?? '';
  return value.split(/\s+/).filter((word) => word !== '');
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

/** The words of all such files under `root`. @throws the system's error for a file that is there and cannot be read */
export const serviceOptions = (root = ''): readonly string[] =>
  SERVICE_FILES.flatMap(({ path, variable }) => optionWords(textOf(root + path), variable));
