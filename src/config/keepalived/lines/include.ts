// include, includer, includem, includew, includeb, includea: which files a line names, and which missing ones are an error.

import type { Report } from '../diagnostics/report.js';
import type { Severity } from '../diagnostics/row.js';
import type { Origin, Word } from '../keyword.js';
import type { ConfigFiles, FileRead } from './config-files.js';
import { expandBraces, expandWildcards, hasWildcard } from './file-patterns.js';

/** Which failures of an include are errors. */
export interface IncludePolicy {
  readonly read: boolean;
  readonly match: boolean;
  readonly wildcard: boolean;
  readonly brace: boolean;
}

export const LENIENT: IncludePolicy = { read: false, match: false, wildcard: false, brace: false };
const STRICT: IncludePolicy = { read: true, match: true, wildcard: true, brace: true };

/** By the whole keyword; plain `include` uses the policy in force. */
const byKeyword: Readonly<Record<string, IncludePolicy>> = {
  includer: { ...LENIENT, read: true },
  includem: { ...LENIENT, read: true, match: true },
  includew: { ...STRICT, brace: false },
  includeb: { ...LENIENT, read: true, brace: true },
  includea: STRICT,
};

/** The words of `include_check`. As in 2.2.7, a kind on its own implies `read`. */
const kinds: ReadonlyMap<string, keyof IncludePolicy> = new Map([
  ['read', 'read'],
  ['match', 'match'],
  ['wildcard_match', 'wildcard'],
  ['brace_match', 'brace'],
]);

/** Applies `include_check [+|-][kind]…` to the policy in force; without words all kinds are checked. */
export function includeCheck(current: IncludePolicy, words: readonly Word[], report: Report): IncludePolicy {
  if (words.length === 0) return STRICT;
  const changes = /^[+-]/.test(words[0]!.text);
  let policy = changes ? current : LENIENT;
  let set = false;
  for (const { text, at } of words) {
    const sign = /^[+-]/.exec(text)?.[0];
    const name = text.slice(sign === undefined ? 0 : 1);
    const kind = kinds.get(name);
    if (kind === undefined) report('include-check-unknown', at, { name, kinds: [...kinds.keys()].join(', ') });
    else if (sign === undefined && (changes || set)) report('include-check-twice', at, { name });
    else if (sign === undefined) {
      policy = { ...policy, read: true, [kind]: true };
      set = true;
    } else policy = { ...policy, [kind]: sign === '+' };
  }
  return policy;
}

/** The keyword and the name of an include line, or undefined. */
export function readInclude(text: string): { readonly keyword: string; readonly name: string } | undefined {
  const match = /^(include[rmwba]?)[ \t]+(.*\S)/s.exec(text);
  return match === null ? undefined : { keyword: match[1]!, name: match[2]! };
}

/** A file to be read next. */
export interface FoundFile {
  readonly path: string;
  readonly text: string;
}

/** Who asks for files, and how severe a missing file is: for a plain `include`, the main file or a checked include. */
export interface Lookup {
  readonly files: ConfigFiles;
  readonly at: Origin;
  readonly report: Report;
  readonly policy: IncludePolicy;
  /** The severity of an error; without a check it is `notice`. */
  readonly severity: Severity;
}

export const policyOf = (keyword: string, current: IncludePolicy): IncludePolicy => byKeyword[keyword] ?? current;

/** The file at one path, or a report. `name` is its name in the message. */
function takeOne(lookup: Lookup, path: string, name: string, found: FileRead): FoundFile | undefined {
  const severity = lookup.policy.read ? lookup.severity : 'notice';
  switch (found.kind) {
    case 'text':
      return { path, text: found.text };
    case 'directory':
      lookup.report('file-is-directory', lookup.at, { name }, severity);
      return undefined;
    case 'failed':
      lookup.report('file-not-opened', lookup.at, { name, reason: found.reason }, severity);
      return undefined;
    default:
      lookup.report('file-unfit', lookup.at, { name }, severity);
      return undefined;
  }
}

/** The files that `name` stands for, in reading order. `directory`, its base, ends in a slash or is empty. */
export function findFiles(lookup: Lookup, directory: string, name: string): readonly FoundFile[] {
  const place = (path: string): string => (path.startsWith('/') ? path : directory + path);
  const absent = (code: 'files-unmatched' | 'files-missing' | 'files-partly-missing', wrong: boolean): void =>
    lookup.report(code, lookup.at, { name, place: place(name) }, wrong ? lookup.severity : 'notice');
  const names = expandBraces(name);
  const braces = names.length > 1;
  const paths = names.flatMap((choice) => expandWildcards(lookup.files, place(choice)));
  const read = paths.map((path) => ({ path, content: lookup.files.read(path) }));
  const found = read.filter(({ content }) => content.kind !== 'missing');
  const plainMissing = read.length > found.length;
  if (found.length === 0 && names.every(hasWildcard)) {
    absent('files-unmatched', lookup.policy.wildcard);
  } else if (found.length === 0) {
    absent('files-missing', braces ? lookup.policy.brace : lookup.policy.match);
  } else if (plainMissing) {
    absent('files-partly-missing', lookup.policy.brace);
  }
  return found.flatMap(({ path, content }) => {
    const shown = directory !== '' && path.startsWith(directory) && !name.startsWith('/') ? path.slice(directory.length) : path;
    const file = takeOne(lookup, path, shown, content);
    return file === undefined ? [] : [file];
  });
}
