// Typed access to the values of a block: one function for each kind of argument (keyword.ts).
import type { Address } from '../../../model/address.js';
import type { Script } from '../../../model/keepalived/script.js';
import type { Origin, Statement, Value, Values, Word } from '../keyword.js';

/** An empty block: stands for global_defs in a file without it. */
export const NOTHING: Values = { label: [], at: { file: '', line: 1, column: 1 }, of: new Map() };

/** The name before a block's brace; '' without one. */
export const nameOf = (block: Values): string => block.label[0]?.text ?? '';

const NEVER: readonly Value[] = [];
const NO_LINES: readonly Statement[] = [];

/** Every value of the keyword, in order. */
export const allOf = (block: Values, keyword: string): readonly Value[] => block.of.get(keyword) ?? NEVER;

/** The last value of the keyword. */
export const lastOf = (block: Values, keyword: string): Value | undefined => allOf(block, keyword).at(-1);

export const has = (block: Values, keyword: string): boolean => allOf(block, keyword).length > 0;

/** The place of the keyword; without it, the place of the block. */
export const placeOf = (block: Values, keyword: string): Origin => lastOf(block, keyword)?.at ?? block.at;

/** integer or time (µs) */
export const numberOf = (block: Values, keyword: string): number | undefined => lastOf(block, keyword)?.value as number | undefined;

/** boolean, or a flag */
export const booleanOf = (block: Values, keyword: string): boolean | undefined => lastOf(block, keyword)?.value as boolean | undefined;

/** text or choice */
export const textOf = (block: Values, keyword: string): string | undefined => lastOf(block, keyword)?.value as string | undefined;

export const addressOf = (block: Values, keyword: string): Address | undefined => lastOf(block, keyword)?.value as Address | undefined;

export const wordsOf = (block: Values, keyword: string): readonly Word[] | undefined =>
  lastOf(block, keyword)?.value as readonly Word[] | undefined;

export const scriptOf = (block: Values, keyword: string): Script | undefined => lastOf(block, keyword)?.value as Script | undefined;

/** The lines of all such lists, joined: a second `virtual_ipaddress { … }` adds to the first. */
export function linesOf(block: Values, keyword: string): readonly Statement[] {
  const [first, ...more] = allOf(block, keyword);
  if (first === undefined) return NO_LINES;
  const lines = first.value as readonly Statement[];
  return more.length === 0 ? lines : [...lines, ...more.flatMap((entry) => entry.value as readonly Statement[])];
}

export const blocksOf = (block: Values, keyword: string): readonly Values[] => allOf(block, keyword).map((entry) => entry.value as Values);

/** The words of a line that is a value itself, with the keyword. */
export const lineWords = (line: Statement): readonly Word[] => [line.keyword, ...line.words];

/** All words of such lines: lists of names may have many on a line. */
export const listOf = (block: Values, keyword: string): readonly Word[] => linesOf(block, keyword).flatMap(lineWords);
