// Where a value that a block does not state itself comes from.
import type { Keyword, Origin, Value, Values } from '../keyword.js';
import { globalKeywords } from '../keywords/global/global.js';
import { indexOf } from '../statements/keyword-index.js';
import { argumentText } from './argument-text.js';

export const originText = ({ file, line }: Origin): string => `${file}:${line}`;

/** The words behind the keyword, and where they come from. */
export interface Sourced {
  readonly text: string;
  readonly note: string;
  /** It is said in a block around, by the same name. */
  readonly outside?: true;
}

/** A block and those around it, innermost first. */
export interface Surrounding {
  readonly name: string;
  readonly block: Values;
}

/** Keywords whose value a block takes from the block around it, by the same name. */
const FROM_OUTSIDE: ReadonlySet<string> = new Set([
  'delay_loop',
  'connect_timeout',
  'retry',
  'delay_before_retry',
  'warmup',
  'alpha',
  'weight',
  'lvs_method',
  'inhibit_on_failure',
]);

/** FILE_CHECK's weight is its file's, not the server's. */
const comesFromOutside = ({ name, argument }: Keyword): boolean =>
  FROM_OUTSIDE.has(name) && (name !== 'weight' || argument.kind === 'integer');

/** Keywords of blocks that are named otherwise in global_defs and are no default of the table's. */
const GLOBAL_NAMES: ReadonlyMap<string, string> = new Map([['log_all_failures', 'checker_log_all_failures']]);

const last = (block: Values | undefined, keyword: string): Value | undefined => block?.of.get(keyword)?.at(-1);

/** A global flag is a switch's `on`. */
const globalText = (keyword: Keyword, value: unknown): string | undefined => {
  const text = argumentText(keyword.argument, value);
  return keyword.argument.kind === 'flag' ? 'on' : text;
};

/** From global_defs by that name, or that name's own default. */
function fromGlobal(name: string, globals: Values | undefined): Sourced | undefined {
  const keyword = indexOf(globalKeywords).get(name);
  if (keyword === undefined) return undefined;
  const value = last(globals, name);
  const text = value === undefined ? undefined : globalText(keyword, value.value);
  if (value !== undefined && text !== undefined) return { text, note: `from global_defs ${originText(value.at)}` };
  if (keyword.default === undefined) return keyword.argument.kind === 'flag' ? { text: 'off', note: 'default' } : undefined;
  return ownDefault(keyword.default, globals);
}

/** A default that names a keyword of global_defs is that keyword's value; any other is the value itself. */
const ownDefault = (text: string, globals: Values | undefined): Sourced | undefined =>
  indexOf(globalKeywords).has(text) ? fromGlobal(text, globals) : { text, note: 'default' };

/** undefined: the keyword is unset and nothing stands for it. */
export function sourceOf(keyword: Keyword, around: readonly Surrounding[], globals: Values | undefined): Sourced | undefined {
  if (keyword.argument.kind === 'flag') return undefined;
  for (const { name, block } of comesFromOutside(keyword) ? around : []) {
    const value = last(block, keyword.name);
    const text = value === undefined ? undefined : argumentText(keyword.argument, value.value);
    if (value !== undefined && text !== undefined) return { text, note: `from ${name} ${originText(value.at)}`, outside: true };
  }
  const global = GLOBAL_NAMES.get(keyword.name);
  if (global !== undefined) return fromGlobal(global, globals);
  if (keyword.default === undefined) return undefined;
  return ownDefault(keyword.default, globals);
}
