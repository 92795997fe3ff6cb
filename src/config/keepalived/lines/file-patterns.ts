// Expands the patterns of `include` and -f into paths.
import type { ConfigFiles } from './config-files.js';

/** The number of names that one pattern may expand to; `{a,b}` ten times gives a thousand. */
const PATTERN_NAMES_MAX = 10_000;

/** Expands `{a,b}` as csh does, nested ones too; a single brace stands for itself. Stops at PATTERN_LIMIT names. */
export function expandBraces(pattern: string): readonly string[] {
  const done: string[] = [];
  const work = [pattern];
  for (let text = work.pop(); text !== undefined && done.length + work.length < PATTERN_NAMES_MAX; text = work.pop()) {
    const found = firstBraces(text);
    if (found === undefined) done.push(text);
    else for (const choice of found.choices.reverse()) work.push(found.before + choice + found.after);
  }
  return done;
}

function firstBraces(text: string): { before: string; choices: string[]; after: string } | undefined {
  const open = text.indexOf('{');
  if (open === -1) return undefined;
  const choices: string[] = [];
  let depth = 0;
  let start = open + 1;
  for (let at = open; at < text.length; at++) {
    if (text[at] === '{') depth++;
    else if (text[at] === '}') depth--;
    if ((depth === 1 && text[at] === ',') || depth === 0) {
      choices.push(text.slice(start, at));
      start = at + 1;
    }
    if (depth === 0) return { before: text.slice(0, open), choices, after: text.slice(at + 1) };
  }
  return undefined;
}

export const hasWildcard = (pattern: string): boolean => /[*?[]/.test(pattern);

/**
 * Matches one part of a path with its pattern: `*`, `?`, `[a-z]`, `[!a-z]`; a leading dot must be written. Not by a regular expression,
 * because patterns may be hostile.
 */
export function matches(name: string, pattern: string): boolean {
  if (name.startsWith('.') && !pattern.startsWith('.')) return false;
  let [n, p] = [0, 0];
  let [starName, starPattern] = [-1, -1];
  while (n < name.length) {
    const length = pattern[p] === '*' ? -1 : matchOne(name[n]!, pattern, p);
    if (pattern[p] === '*') {
      [starPattern, starName] = [p, n];
      p++;
    } else if (length > 0) {
      p += length;
      n++;
    } else if (starPattern !== -1) {
      starName++;
      [p, n] = [starPattern + 1, starName];
    } else return false;
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}

/** The length of the pattern at `p` that matches this character; 0: none does. */
function matchOne(character: string, pattern: string, p: number): number {
  if (pattern[p] === '?') return 1;
  const close = pattern[p] === '[' ? pattern.indexOf(']', p + (/[!^]/.test(pattern[p + 1] ?? '') ? 3 : 2)) : -1;
  if (close === -1) return pattern[p] === character ? 1 : 0;
  let inside = pattern.slice(p + 1, close);
  const negated = /^[!^]/.test(inside);
  if (negated) inside = inside.slice(1);
  let found = false;
  for (let at = 0; at < inside.length; at++) {
    const range = inside[at + 1] === '-' && inside[at + 2] !== undefined;
    found ||= range ? inside[at]! <= character && character <= inside[at + 2]! : inside[at] === character;
    if (range) at += 2;
  }
  return found === negated ? 0 : close - p + 1;
}

/**
 * The paths that match a pattern (without braces), sorted as glob(3) does. A pattern without wildcards is returned as it is, without
 * reading any directory.
 */
export function expandWildcards(files: ConfigFiles, pattern: string): readonly string[] {
  if (!hasWildcard(pattern)) return [pattern];
  let found = [pattern.startsWith('/') ? '/' : ''];
  const parts = pattern.split('/').filter((part) => part !== '');
  const first = parts.findIndex(hasWildcard);
  for (const [index, part] of parts.entries()) {
    const last = index === parts.length - 1;
    const next: string[] = [];
    for (const directory of found) {
      const fits = (name: string): boolean => (hasWildcard(part) ? matches(name, part) : name === part);
      const names = index < first ? [part] : files.list(directory === '' ? '.' : directory).filter(fits);
      for (const name of names) if (next.length < PATTERN_NAMES_MAX) next.push(last ? directory + name : `${directory}${name}/`);
    }
    found = next;
  }
  return found.sort();
}
