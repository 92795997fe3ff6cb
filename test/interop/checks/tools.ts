// What is compiled for a run: the library that stands in for IPVS before Debian's keepalived, and the program that puts times before lines.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { projectRoot } from '../../../src/lab/state/paths.js';

export interface Tools {
  readonly ipvs: string;
  readonly stamp: string;
}

function compile(folder: string, name: string, result: string, ...options: readonly string[]): string {
  const path = join(folder, result);
  const source = join(projectRoot(), 'test', 'interop', 'checks', `${name}.c`);
  const { status, stderr } = spawnSync('cc', ['-O1', '-Wall', '-Werror', ...options, '-o', path, source], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`cc: ${stderr}`);
  return path;
}

export function compileTools(folder: string): Tools {
  return { ipvs: compile(folder, 'ipvs', 'ipvs.so', '-shared', '-fPIC'), stamp: compile(folder, 'stamp', 'stamp') };
}
