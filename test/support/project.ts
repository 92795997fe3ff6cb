// The project's own text, for the tests that judge it: where the checkout is and which files a person wrote.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { layerNamed } from './layers.js';

const findRoot = (from: string): string => (existsSync(join(from, 'tsconfig.json')) ? from : findRoot(dirname(from)));

/** The checkout's absolute path. */
export const root = findRoot(dirname(fileURLToPath(import.meta.url)));

const made = new Set(['node_modules', 'build', 'dist', '.node', '.git']);

/** Every file under a folder of the project, relative to its root, sorted; nothing that a tool made. */
export const filesUnder = (folder: string): readonly string[] => {
  const found: string[] = [];
  const walk = (path: string): void => {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      if (made.has(entry.name)) continue;
      const full = join(path, entry.name);
      if (entry.isDirectory()) walk(full);
      else if (entry.isFile()) found.push(relative(root, full));
    }
  };
  if (existsSync(join(root, folder))) walk(join(root, folder));
  return found.sort();
};

/** All TypeScript that the project is made of. */
export const typescript = (): readonly string[] =>
  ['src', 'test', 'bench', 'dev', 'web'].flatMap((folder) => filesUnder(folder)).filter((file) => /\.tsx?$/.test(file));

/** Whether a source file stands where only values are known: no clock, timer, chance, process or file. */
export const isPure = (file: string): boolean => {
  const [top, folder = '', part = ''] = file.split('/');
  const pure = top === 'src' ? (layerNamed(folder)?.pure ?? []) : [];
  return pure === true || pure.includes(part);
};

export const read = (file: string): string => readFileSync(join(root, file), 'utf8');

/** The text without its comments and without what stands in strings, line for line: what is code stays where it was. */
export const codeOf = (text: string): string =>
  text.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g, (match) =>
    match.startsWith('/') ? match.replace(/[^\n]/g, ' ') : `${match[0]}${' '.repeat(match.length - 2)}${match.at(-1)}`,
  );

/** What a module imports or re-exports, static and dynamic. */
export const importsOf = (text: string): readonly string[] =>
  [...text.matchAll(/^(?:import|export)\b[^;'"]*?\bfrom\s+'([^'\n]+)'|^import\s+'([^'\n]+)'|\bimport\(\s*'([^'\n]+)'/gm)].map(
    (match) => match[1] ?? match[2] ?? match[3] ?? '',
  );
