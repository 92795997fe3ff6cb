// Builds what only the bench needs: its BPF object into dist/, its two UDP helpers into a temporary folder.
import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './processes.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Compiles the wrapper program; the object's path. */
export const compileWrapper = (): string => {
  const include = `/usr/include/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`;
  const out = join(root, 'dist/bench-wrap.bpf.o');
  const fresh = `${out}.${process.pid}`;
  run(undefined, ['clang', `@${join(root, 'bpf/compile_flags.txt')}`, `-I${include}`, '-c', join(root, 'bench/wrap.bpf.c'), '-o', fresh]);
  renameSync(fresh, out);
  return out;
};

/** Compiles udp-source and udp-sink; the folder that holds them, to be removed with `dropTools`. */
export const compileTools = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-bench-tools-'));
  for (const name of ['udp-source', 'udp-sink']) run(undefined, ['gcc', '-O2', '-o', join(folder, name), join(root, `bench/${name}.c`)]);
  return folder;
};

export const dropTools = (folder: string): void => rmSync(folder, { recursive: true, force: true });
