// The files that an nginx.conf includes, by a path or a pattern of the shell.
import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join } from 'node:path';
import type { NginxFile, ReadIncluded } from '../../config/nginx/parse.js';
import { unlessCode } from '../../sys/errno.js';
import { readText } from '../read-text.js';

/** One part of a path as a pattern of the shell: `*`, `?` and `[…]`. */
const patternOf = (part: string): RegExp =>
  new RegExp(
    `^${part
      .replace(/\[!/g, '[^')
      .replace(/[.+^${}()|\\]/g, (letter, at: number) => (letter === '^' && part[at - 1] === '[' ? '^' : `\\${letter}`))
      .replaceAll('*', '[^/]*')
      .replaceAll('?', '[^/]')}$`,
  );

function matching(path: string): readonly string[] {
  const folders = /[*?[]/.test(dirname(path)) ? matching(dirname(path)) : [dirname(path)];
  const pattern = patternOf(basename(path));
  return folders.flatMap((folder) =>
    unlessCode(() => readdirSync(folder), ['ENOENT', 'ENOTDIR'], [])
      .filter((name) => !name.startsWith('.') && pattern.test(name))
      .sort()
      .map((name) => join(folder, name)),
  );
}

/** Of the file that includes: a pattern may match nothing, a path without one must be there. */
export const includedFiles =
  (including: string): ReadIncluded =>
  (word: string): readonly NginxFile[] | undefined => {
    const path = isAbsolute(word) ? word : join(dirname(including), word);
    const isPattern = /[*?[]/.test(word);
    if (!isPattern && statSync(path, { throwIfNoEntry: false }) === undefined) return undefined;
    return (isPattern ? matching(path) : [path]).map((file) => ({ file, text: readText(file) }));
  };
