// Short names for arguments that the keyword tables repeat.
import type { Argument, Keyword } from '../keyword.js';

export const FLAG: Argument = { kind: 'flag' };
export const BOOLEAN: Argument = { kind: 'boolean' };
export const TEXT: Argument = { kind: 'text' };
/** A path that stands alone on its line. */
export const PATH: Argument = { kind: 'text', alone: true };
export const SCRIPT: Argument = { kind: 'script' };
export const LINES: Argument = { kind: 'lines' };
/** Lines whose words have a table of their own. */
export const linesOf = (table: () => readonly Keyword[]): Argument => ({ kind: 'lines', words: table });

export const integer = (min: number, max: number): Argument => ({ kind: 'integer', min, max });

/** Decimal seconds; bounds in seconds. */
export const seconds = (min: number, max: number): Argument => ({
  kind: 'time',
  minUs: Math.round(min * 1e6),
  maxUs: Math.round(max * 1e6),
});

/** Decimal seconds that are whole milliseconds; bounds in seconds. */
export const wholeMs = (min: number, max: number): Argument => ({ kind: 'time', minUs: min * 1e6, maxUs: max * 1e6, stepUs: 1000 });

/** Words that the block's builder reads. */
export const words = (min: number): Argument => ({ kind: 'words', min });

export const choice = (...of: readonly string[]): Argument => ({ kind: 'choice', of });

export const block = (keywords: () => readonly Keyword[], label: 0 | 1 | 2 = 0): Argument => ({ kind: 'block', keywords, label });

/** Whole seconds that fit a microsecond counter of 32 bits. */
export const SECONDS_MAX = 4294;
