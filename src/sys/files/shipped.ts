// The files of the checkout that are copied into a system, and the commands that they name.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { artifact } from '../artifact.js';

/** Where links to weir's commands are, in the files as they are shipped. */
export const COMMANDS_FOLDER = '/usr/local/sbin';

/** The folder above dist/, bin/ and share/. @throws WeirError artifact-missing */
const checkout = (): string => dirname(dirname(artifact('weir.cjs')));

/** @throws WeirError artifact-missing */
export const commandPath = (name: string): string => join(checkout(), 'bin', name);

/** @throws WeirError artifact-missing, the system's error */
export const shippedText = (path: string): string => readFileSync(join(checkout(), path), 'utf8');

/** Whether a package of the system brought these files, and installed what `weir install` would (dev/package-table.mjs). @throws WeirError artifact-missing */
export const isPackaged = (): boolean => existsSync(join(checkout(), 'share/packaged'));
