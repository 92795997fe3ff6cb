// Whether connections move from one table to another: a command has begun that and not ended it, or was killed meanwhile.
import { existsSync } from 'node:fs';
import { RECORD_PINS } from './tables.js';

/** `folder`: of the pins. */
export const isTableMoving = (folder: string): boolean => RECORD_PINS.some((pin) => existsSync(`${folder}/${pin}`));
