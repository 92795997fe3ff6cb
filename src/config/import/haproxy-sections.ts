// The grammar of haproxy.cfg: sections with their lines, words by its rules of quoting, and what `defaults` gives to each proxy.
import type { At } from './import-report.js';

export interface HaproxyLine {
  readonly words: readonly string[];
  readonly at: At;
}

export interface HaproxyProxy {
  readonly kind: 'frontend' | 'backend' | 'listen';
  readonly name: string;
  readonly at: At;
  readonly lines: readonly HaproxyLine[];
  /** Of the section `defaults` that it has. */
  readonly defaults: readonly HaproxyLine[];
}

export interface HaproxyFile {
  readonly hasSections: boolean;
  readonly proxies: readonly HaproxyProxy[];
  readonly global: readonly HaproxyLine[];
  /** Each section `defaults` with its own lines. */
  readonly defaults: readonly { readonly at: At; readonly own: readonly HaproxyLine[] }[];
  /** Sections of other kinds, and lines in front of the first one. */
  readonly others: readonly HaproxyLine[];
  /** `.if` and what belongs to it. */
  readonly conditions: readonly HaproxyLine[];
}

const PROXIES = ['frontend', 'backend', 'listen'];
const SECTIONS = new Set(
  'global defaults frontend backend listen userlist peers resolvers mailers ring cache http-errors program fcgi-app crt-store crt-list log-forward log-profile traces acme'.split(
    ' ',
  ),
);

const UNIT_S: Readonly<Record<string, number>> = { us: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600, d: 86_400 };

export const isSection = (word: string): boolean => SECTIONS.has(word);

/** haproxy's times: milliseconds without a unit. Whole seconds, one at least. */
export function haproxySeconds(text: string | undefined): number | undefined {
  const [, number, unit = 'ms'] = /^(\d{1,9})(us|ms|s|m|h|d)?$/.exec(text ?? '') ?? [];
  return number === undefined ? undefined : Math.max(1, Math.round(Number(number) * (UNIT_S[unit] ?? 1)));
}

const ESCAPES: Readonly<Record<string, string>> = { r: '\r', n: '\n', t: '\t' };

/** Words end at blanks; quotes and backslashes keep what would end them; `#` begins a comment. */
export function haproxyWords(line: string): readonly string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let at = 0; at < line.length; at++) {
    const letter = line[at] ?? '';
    if (quote === "'") {
      if (letter === quote) quote = '';
      else word = (word ?? '') + letter;
    } else if (letter === '\\' && at + 1 < line.length) {
      const escaped = line[++at] ?? '';
      word = (word ?? '') + (ESCAPES[escaped] ?? escaped);
    } else if (letter === quote) quote = '';
    else if (quote === '' && (letter === '"' || letter === "'")) {
      quote = letter;
      word ??= '';
    } else if (quote === '' && letter === '#') break;
    else if (quote === '' && /\s/.test(letter)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + letter;
  }
  return word === undefined ? words : [...words, word];
}

/** `defaults NAME`, and `from NAME` behind a proxy's name. */
interface Defaults {
  readonly name: string;
  readonly at: At;
  readonly lines: HaproxyLine[];
  /** So many of the lines are of the section that it continues. */
  readonly inherited: number;
}

export function readHaproxy(file: string, text: string): HaproxyFile {
  const defaults: Defaults[] = [];
  const proxies: { readonly proxy: Omit<HaproxyProxy, 'lines'>; readonly lines: HaproxyLine[] }[] = [];
  const others: HaproxyLine[] = [];
  const global: HaproxyLine[] = [];
  const conditions: HaproxyLine[] = [];
  let into = others;
  let hasSections = false;
  text.split(/\r?\n/).forEach((raw, index) => {
    const words = haproxyWords(raw);
    const [first = '', name = ''] = words;
    if (first === '') return;
    const line = { words, at: { file, line: index + 1, text: raw } };
    if (/^\.(if|elif|else|endif)$/.test(first)) return void conditions.push(line);
    if (!SECTIONS.has(first)) return void into.push(line);
    hasSections = true;
    const from = words[words.indexOf('from') + 1];
    const inherited = words.includes('from') ? defaults.findLast((each) => each.name === from) : defaults.at(-1);
    if (first === 'defaults') {
      into = [...((words.includes('from') ? inherited?.lines : undefined) ?? [])];
      defaults.push({ name, at: line.at, lines: into, inherited: into.length });
    } else if (PROXIES.includes(first)) {
      into = [];
      proxies.push({ proxy: { kind: first as HaproxyProxy['kind'], name, at: line.at, defaults: inherited?.lines ?? [] }, lines: into });
    } else if (first === 'global') into = global;
    else {
      others.push(line);
      into = others;
    }
  });
  return {
    proxies: proxies.map(({ proxy, lines }) => ({ ...proxy, lines })),
    defaults: defaults.map(({ at, lines, inherited }) => ({ at, own: lines.slice(inherited) })),
    ...{ hasSections, global, others, conditions },
  };
}
