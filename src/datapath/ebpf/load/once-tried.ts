// Remembers which builds this machine's kernel did right, since it started: a trial needs the programs on other tables than those that packets
// use, so it loads them a second time, and the verifier takes most of that. What is remembered is a file in weir's folder. Where none can be
// written, every trial is made.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { ObjectFile } from '../../../sys/bpf/bpf-objects.js';
import { unlessCode } from '../../../sys/errno.js';
import { readTextFile } from '../../../sys/files/durable-file.js';
import type { Tables } from '../table/tables.js';
import { digestOf } from './digest.js';

const BOOT_ID = '/proc/sys/kernel/random/boot_id';
/** /run is read-only or full, or there is no such folder. */
const NOT_REMEMBERED = ['EROFS', 'ENOSPC', 'EDQUOT', 'EACCES', 'ENOENT'] as const;

/** What an object needs before it is loaded. `name`: the same for the same. */
export interface Preparation {
  readonly name: string;
  readonly prepare: (object: ObjectFile) => void;
}

/** Where trials are remembered: beside the bpffs, which has a folder for each namespace's pins. */
export const triedFolder = ({ folder }: Tables): string => `${dirname(dirname(folder))}/tried`;

/**
 * Makes a trial, unless it is remembered. `folder`: where that stands. `name`: of the build, one file each. `of`: all that its result depends on,
 * but for the kernel.
 * @throws what `trial` throws; it is not remembered then
 */
export function onceTried(folder: string, name: string, of: readonly (string | Uint8Array)[], trial: () => void): void {
  const [path, digest] = [`${folder}/${name}`, digestOf([readFileSync(BOOT_ID), ...of])];
  if (readTextFile(path) === digest) return;
  trial();
  const remember = (): void => {
    unlessCode(() => mkdirSync(folder, { mode: 0o700 }), ['EEXIST'], undefined);
    writeFileSync(path, digest, { mode: 0o600 });
  };
  unlessCode(remember, NOT_REMEMBERED, undefined);
}
