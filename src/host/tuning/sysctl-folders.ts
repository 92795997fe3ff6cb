// The files of sysctl.d(5) of this host, or of one below another root.
import { readdirSync, realpathSync } from 'node:fs';
import { SYSCTL_CONF, SYSCTL_FOLDERS, type SysctlFile } from '../../control/tuning/sysctl-files.js';
import { unlessCode } from '../../sys/errno.js';
import { readTextFile } from '../../sys/files/durable-file.js';

const namesIn = (folder: string): readonly string[] => unlessCode(() => readdirSync(folder), ['ENOENT', 'ENOTDIR'], []);
const targetOf = (path: string): string => unlessCode(() => realpathSync(path), ['ENOENT', 'ENOTDIR', 'ELOOP'], path);

/** `root`: '' or a folder without a final slash. Links to sysctl.conf are left out: it is there itself. @throws SystemError */
export function sysctlFiles(root: string): readonly SysctlFile[] {
  const conf = targetOf(`${root}${SYSCTL_CONF}`);
  const paths = SYSCTL_FOLDERS.flatMap((folder) =>
    namesIn(`${root}${folder}`)
      .filter((name) => name.endsWith('.conf'))
      .map((name) => `${folder}/${name}`)
      .filter((path) => targetOf(`${root}${path}`) !== conf),
  );
  return [...paths, SYSCTL_CONF].flatMap((path) => {
    const text = readTextFile(`${root}${path}`);
    return text === undefined ? [] : [{ path, text }];
  });
}
