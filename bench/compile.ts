// Builds what only the bench needs: its BPF objects into dist/, its helpers in C into a temporary folder.
import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './processes.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Paths of the compiled objects. */
export interface Objects {
  readonly wrap: string;
  readonly textbook: string;
  readonly touch: string;
  readonly decap: string;
}

const compileObject = (name: keyof Objects): string => {
  const include = `/usr/include/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`;
  const out = join(root, `dist/bench-${name}.bpf.o`);
  const fresh = `${out}.${process.pid}`;
  run(undefined, [
    'clang',
    `@${join(root, 'bpf/compile_flags.txt')}`,
    `-I${include}`,
    '-c',
    join(root, `bench/${name}.bpf.c`),
    '-o',
    fresh,
  ]);
  renameSync(fresh, out);
  return out;
};

export const compileObjects = (): Objects => ({
  wrap: compileObject('wrap'),
  textbook: compileObject('textbook'),
  touch: compileObject('touch'),
  decap: compileObject('decap'),
});

/** Compiles these programs of this folder; the folder that holds them then, to be removed with `dropTools`. */
export const compileTools = (
  ...names: readonly ('udp-source' | 'udp-sink' | 'connects' | 'users' | 'peak-memory' | 'map-copy')[]
): string => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-bench-tools-'));
  for (const name of names) run(undefined, ['gcc', '-O2', '-o', join(folder, name), join(root, `bench/${name}.c`)]);
  return folder;
};

export const dropTools = (folder: string): void => rmSync(folder, { recursive: true, force: true });
