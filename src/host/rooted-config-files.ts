// The files of a daemon that has another root or other mounts, a container's for example, as this process reaches them: below
// /proc/PID/root. An absolute symbolic link leads from that root, not from ours.
import { readlinkSync } from 'node:fs';
import type { ConfigFiles } from '../config/keepalived/lines/config-files.js';
import { absolute } from '../config/keepalived/lines/config-files.js';
import { unlessCode } from '../sys/errno.js';
import { hostConfigFiles } from './config-files.js';

/** As many as the kernel follows. */
const LINKS_MAX = 40;
/** EINVAL: it is no link. What cannot be looked at is left for the reading of it, which names the reason. */
const NO_LINK = ['EINVAL', 'ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'ENAMETOOLONG', 'ESRCH'] as const;

/** `path`, absolute for a process with this root, as this process reaches it. */
export function insideRoot(root: string, path: string): string {
  const left = path.split('/');
  let found: string[] = [];
  for (let links = 0; left.length > 0; ) {
    const part = left.shift() ?? '';
    if (part === '' || part === '.') continue;
    if (part === '..') {
      found.pop();
      continue;
    }
    const here = [...found, part];
    const target = links < LINKS_MAX ? unlessCode(() => readlinkSync([root, ...here].join('/')), NO_LINK, undefined) : undefined;
    if (target === undefined) {
      found = here;
      continue;
    }
    links++;
    if (target.startsWith('/')) found = [];
    left.unshift(...target.split('/'));
  }
  return [root, ...found].join('/');
}

/** `root`: /proc/PID/root. `folder`: where its relative paths begin. */
export function rootedConfigFiles(root: string, folder: string): ConfigFiles {
  const there = (path: string): string => insideRoot(root, path.startsWith('/') ? path : `${folder}/${path}`);
  return {
    read: (path) => hostConfigFiles.read(there(path)),
    list: (directory) => hostConfigFiles.list(there(absolute(folder, directory))),
  };
}
