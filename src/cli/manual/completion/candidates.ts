// What may stand at a place of a command line, read from the forms that --help prints.
import type { FlagTypes } from '../../flags.js';
import type { Usage } from '../usage-text.js';

/** `words`: one of these; `interface`: of this network namespace; `file`, `folder`: a path; `free`: anything. */
export type Candidates =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'interface' | 'file' | 'folder' | 'free' };

export interface CommandWords {
  /** Each spelling, with dashes, and what stands behind it; a flag has nothing behind it. */
  readonly options: ReadonlyMap<string, Candidates | 'flag'>;
  /** Behind the command's name. */
  readonly first: readonly string[];
  /** Whether a path may stand among the words. */
  readonly files: boolean;
}

export const FREE: Candidates = { kind: 'free' };

const CHOICE = /^[a-z][\w.-]*(?:\|[a-z][\w.-]*)+$/;
const isPlaceholder = (word: string): boolean => /^[A-Z'({<]/.test(word);

/** By the word that stands for the value: `auto|tc|xdp`, IF, FILE, DIR, SECONDS. */
function candidatesFor(value: string): Candidates {
  if (CHOICE.test(value)) return { kind: 'words', words: value.split('|') };
  if (/^(?:IF\b|I\[|INTERFACE)/.test(value) || value === 'interface') return { kind: 'interface' };
  if (/^FILE\b/.test(value)) return { kind: 'file' };
  return { kind: value === 'DIR' ? 'folder' : 'free' };
}

/** `--vip A[,B]`, `--tcp`, `-n`, also in brackets and between bars. */
const OPTION = /(?<![\w-])(--?[a-zA-Z][\w-]*)(?:[ =](?![-[|\]])([^\s\]]+))?/g;

/** The options that a text names, with the word behind each; a later place adds a value to a flag. */
function namedIn(texts: readonly string[]): ReadonlyMap<string, Candidates | 'flag'> {
  const options = new Map<string, Candidates | 'flag'>();
  for (const [, name = '', rest = ''] of texts.flatMap((text) => [...text.matchAll(OPTION)])) {
    const value = isPlaceholder(rest) || CHOICE.test(rest) ? candidatesFor(rest) : 'flag';
    if ((options.get(name) ?? 'flag') === 'flag') options.set(name, value);
  }
  return options;
}

/** `types`: what the command takes; without them, what its forms and the terms of its options name. */
function optionsOf({ forms, blocks }: Usage, types: FlagTypes | undefined): CommandWords['options'] {
  const terms = [...forms, ...blocks.flatMap((block) => (block.kind === 'item' ? [block.term] : []))];
  const short = [...namedIn(terms)].filter(([name]) => !name.startsWith('--'));
  if (types === undefined) return namedIn(terms);
  const named = namedIn([...terms, ...blocks.flatMap((block) => (block.kind === 'prose' ? [block.text] : []))]);
  const long = Object.entries(types).flatMap(([name, type]) => {
    const found = named.get(`--${name}`);
    return found === undefined ? [] : [[`--${name}`, type === 'flag' ? type : found === 'flag' ? FREE : found] as const];
  });
  return new Map([...long, ...short]);
}

/** Verbs: `weir vip add …`, `weir stats drops …`; names: `weir proc ip_vs|ip_vs_conn`. */
function firstWords(form: string): readonly string[] {
  const word = form.split(/ +/)[2] ?? '';
  return /^[a-z][\w-]*(?:\|[a-z][\w-]*)*$/.test(word) ? word.split('|') : [];
}

/** Of a command of weir's. */
export const wordsOfUsage = (usage: Usage, types?: FlagTypes): CommandWords => ({
  options: optionsOf(usage, types),
  first: [...new Set(usage.forms.flatMap(firstWords))],
  files: usage.forms.some((form) => /(?:^|[ |[])FILE\b/.test(form.replaceAll(/--?[\w-]+ FILE/g, ''))),
});
