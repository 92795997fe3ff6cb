// Test files that share a process: of hundreds of small ones the start of a process each takes most of the time.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** Beside the code, but for what has sockets, processes and descriptors for its matter. */
const BESIDE_CODE = /^build\/src\/(?!(sys|daemon|host|proxy)\/)/;
/** What one file would do to the others of its process. */
const DISTURBS =
  /\b(before|after|beforeEach|afterEach)\(|\bmock\.|process\.(env|chdir|on|once|exit|exitCode|umask)\b|child_process|worker_threads|globalThis/;
/** What the others would do to one that waits for a moment: while modules are loaded nothing else goes on. */
const WAITS = /'node:(net|dgram|http|https|tls|timers)\b|\bset(Timeout|Interval)\(|performance\.now\(/;
const FILES_MAX = 24;
const FOLDER = 'build/test-groups';

function isPlain(root, path) {
  if (!BESIDE_CODE.test(path)) return false;
  const text = readFileSync(join(root, path), 'utf8');
  return !DISTURBS.test(text) && !WAITS.test(text);
}

/** Of the paths those that share a process, by the path of the file that imports them; it is written here. */
export function groupsOf(root, paths) {
  rmSync(join(root, FOLDER), { recursive: true, force: true });
  const plain = paths.filter((path) => isPlain(root, path));
  const groups = new Map();
  // One after the other: neighbours in a folder take long alike.
  const count = Math.ceil(plain.length / FILES_MAX);
  for (let at = 0; at < count; at++) {
    const path = `${FOLDER}/${at + 1}.mjs`;
    const files = plain.filter((_, index) => index % count === at);
    mkdirSync(join(root, FOLDER), { recursive: true });
    writeFileSync(join(root, path), files.map((file) => `import '${relative(FOLDER, file)}';\n`).join(''));
    groups.set(path, files);
  }
  return groups;
}
