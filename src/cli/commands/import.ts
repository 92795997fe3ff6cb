// weir import: the configuration of another program as a weir.yaml on standard output, with a line on standard error for each thing that is lost.
import { readdirSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { lossText } from '../../config/nginx/losses.js';
import type { NginxFile } from '../../config/nginx/parse.js';
import { importNginx } from '../../config/nginx/to-model.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { unlessCode } from '../../sys/errno.js';
import { command, expectWords } from '../command.js';
import { readText } from '../read-text.js';

const USAGE = `usage: weir import nginx FILE
       prints a weir.yaml with what an nginx.conf has of upstreams, servers and locations; files that it includes are read, too
       what is not carried is printed on standard error, one line for each directive: FILE:LINE: directive: why
       exit status 0: all of it was carried; 3: something was not; 2: the file is wrong, for nginx as well
`;

const LOSSES_STATUS = 3;

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

/** A pattern may match nothing; a path without one must be there. */
const reader =
  (folder: string) =>
  (word: string): readonly NginxFile[] => {
    const path = isAbsolute(word) ? word : join(folder, word);
    return (/[*?[]/.test(word) ? matching(path) : [path]).map((file) => ({ file, text: readText(file) }));
  };

export const run = command({ name: 'weir import', usage: USAGE, types: {} }, ({ words }, io) => {
  expectWords(words, 2);
  const [format, file] = words;
  if (format !== 'nginx') throw new WeirError('argument-value', { expected: 'a format that is imported (nginx)', given: format ?? '' });
  if (file === undefined) throw new WeirError('argument-missing', { expected: 'FILE' });
  const { text, losses } = importNginx({ file, text: readText(file) }, reader(dirname(file)), resolve(dirname(file)));
  io.out(text);
  for (const loss of losses) io.err(`${lossText(loss)}\n`);
  return losses.length === 0 ? 0 : LOSSES_STATUS;
});
