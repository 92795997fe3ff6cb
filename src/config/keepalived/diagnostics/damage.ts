// The messages that mean that text of a file was ignored or perhaps read otherwise than it was meant, with what they stand on: a reload that would
// give something up because of them is refused.
import type { Statement, Value, Values } from '../keyword.js';
import { allOf, blocksOf, nameOf } from '../values/values.js';
import { isDamage } from './outcome.js';
import type { Diagnostic } from './report.js';

export interface Damage {
  /** The code and the text: the same as long as the fault is. */
  readonly text: string;
  /** The instance in whose block it stands. */
  readonly instance?: string;
  /** It stands on the lines of the instance's authentication. */
  readonly onAuthentication?: true;
}

type Subject = Pick<Damage, 'instance' | 'onAuthentication'>;

const AUTHENTICATION: ReadonlySet<string> = new Set(['authentication', 'auth_hmac']);

const isBlock = (value: unknown): value is Values => value instanceof Object && 'of' in value;
const isStatement = (value: unknown): value is Statement => value instanceof Object && 'keyword' in value;

/** Every line of a value: of its keyword, and of what its braces hold. */
function linesOf({ value, at }: Value): readonly string[] {
  const own = `${at.line} ${at.file}`;
  if (isBlock(value)) return [own, ...[...value.of.values()].flat().flatMap(linesOf)];
  if (!Array.isArray(value)) return [own];
  return [own, ...value.filter(isStatement).map(({ keyword }) => `${keyword.at.line} ${keyword.at.file}`)];
}

/** By line. */
function subjects(values: Values): ReadonlyMap<string, Subject> {
  const found = new Map<string, Subject>();
  for (const block of blocksOf(values, 'vrrp_instance')) {
    const instance = nameOf(block);
    found.set(`${block.at.line} ${block.at.file}`, { instance });
    for (const keyword of block.of.keys()) {
      const subject: Subject = AUTHENTICATION.has(keyword) ? { instance, onAuthentication: true } : { instance };
      for (const line of allOf(block, keyword).flatMap(linesOf)) found.set(line, subject);
    }
  }
  return found;
}

export function damageOf(diagnostics: readonly Diagnostic[], values: Values): readonly Damage[] {
  const damages = diagnostics.filter(isDamage);
  if (damages.length === 0) return [];
  const byLine = subjects(values);
  return damages.map(({ code, text, at }) => ({ text: `${code} ${text}`, ...byLine.get(`${at.line} ${at.file}`) }));
}

const keyOf = ({ text, instance, onAuthentication }: Damage): string => JSON.stringify([text, instance, onAuthentication]);

/** What `next` has more of than `before`. */
export function newDamage(before: readonly Damage[], next: readonly Damage[]): readonly Damage[] {
  const counts = new Map<string, number>();
  for (const damage of before) counts.set(keyOf(damage), (counts.get(keyOf(damage)) ?? 0) + 1);
  return next.filter((damage) => {
    const left = counts.get(keyOf(damage)) ?? 0;
    counts.set(keyOf(damage), left - 1);
    return left <= 0;
  });
}
