// Where a value comes from that a block does not set itself.
import type { Keyword, Origin, Value, Values } from '../keyword.js';
import { globalKeywords } from '../keywords/global/global.js';
import { indexOf } from '../statements/keyword-index.js';
import { argumentText } from './argument-text.js';

export const originText = ({ file, line }: Origin): string => `${file}:${line}`;

/** The words behind the keyword, and where they come from. */
export interface Sourced {
  readonly text: string;
  readonly note: string;
  /** A surrounding block sets it under the same name. */
  readonly outside?: true;
}

/** A block and the blocks around it, innermost first. */
export interface Surrounding {
  readonly name: string;
  readonly block: Values;
}

/** Keywords whose value a block inherits from the surrounding block, by the same name. */
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

/** FILE_CHECK takes the weight of its file, not of the real server. */
const comesFromOutside = ({ name, argument }: Keyword): boolean =>
  FROM_OUTSIDE.has(name) && (name !== 'weight' || argument.kind === 'integer');

/** Keywords whose default in global_defs has another name, where the keyword tables do not name it as default. */
const GLOBAL_NAMES: ReadonlyMap<string, string> = new Map([['log_all_failures', 'checker_log_all_failures']]);

const last = (block: Values | undefined, keyword: string): Value | undefined => block?.of.get(keyword)?.at(-1);

/** A flag in global_defs sets a switch to `on`. */
const globalText = (keyword: Keyword, value: unknown): string | undefined => {
  const text = argumentText(keyword.argument, value);
  return keyword.argument.kind === 'flag' ? 'on' : text;
};

/** The value of that name in global_defs, or that name's default. */
function fromGlobal(name: string, globals: Values | undefined): Sourced | undefined {
  const keyword = indexOf(globalKeywords).get(name);
  if (keyword === undefined) return undefined;
  const value = last(globals, name);
  const text = value === undefined ? undefined : globalText(keyword, value.value);
  if (value !== undefined && text !== undefined) return { text, note: `from global_defs ${originText(value.at)}` };
  if (keyword.default === undefined) return keyword.argument.kind === 'flag' ? { text: 'off', note: 'default' } : undefined;
  return defaultValue(keyword.default, globals);
}

/** A default that names a keyword of global_defs means the value of that keyword; any other default is the value itself. */
const defaultValue = (text: string, globals: Values | undefined): Sourced | undefined =>
  indexOf(globalKeywords).has(text) ? fromGlobal(text, globals) : { text, note: 'default' };

/** undefined: the keyword is unset and has no default. */
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
  return defaultValue(keyword.default, globals);
}
