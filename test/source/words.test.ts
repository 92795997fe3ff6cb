// Plain English, one word per thing: words that are not used in comments, names and test names. Texts of keepalived, ipvsadm and the
// kernel stand in strings, which are not examined.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codeOf, filesUnder, read, typescript } from '../support/project.js';

/** Not used in prose: what to write instead. */
const prose: Readonly<Record<string, string>> = {
  'tells?|told': 'log, report, send, print, notify',
  'says?|said': 'log, report, send; state',
  'hears?|heard|heeds?|heeded|obeys?': 'receive, handle',
  anew: 'again',
  'each second': 'every second',
  'at once': 'immediately; atomically; at the same time',
  'mends?|mended': 'fix',
  'somebody|nobody': 'name the program, host or process',
  'seals?|sealed|genuine': 'MAC, digest; authenticated, valid',
  desk: 'scratch',
  'surveys?|embryos?': 'probe; half-open connection',
  'bury|buried|dirt': 'retire; dirty',
  'twins?': 'next destination of the same endpoint; pair',
  'keeps? house': 'housekeeping, sweep',
};

/** The key of lab files for the sentence before a step: it is part of their format. */
const LAB_FOLDER = /^(src|test)\/lab\//;
const LAB_FORMAT = /\bsay;/g;

/** Not used in names, word for word: `comeBack` is two of them. */
const names: Readonly<Record<string, string>> = {
  'mates?': 'group peer',
  deaf: 'ignore until',
  weigh: 'update priority',
  'come back': 'leave fault',
  'holdings?': 'host resources',
  footprint: 'undo journal',
  watchers: 'trackers',
  untold: 'unreported',
  'tell|told|say|said|hear|heard|heed|obey': 'log, report, send, receive',
  'legs?': 'interface',
  'desk|survey|embryo|bury': 'scratch, probe, half-open, retire',
  '(?:most|least|longest) [a-z]+ (?:us|ms|s|bytes)': 'the limit last: x_MAX_US, xMinBytes',
};

const sources = [...typescript(), ...filesUnder('bpf'), ...filesUnder('native')]
  .filter((file) => /\.(ts|c|h)$/.test(file))
  // This file names them all.
  .filter((file) => file !== 'test/source/words.test.ts');

/** The comments of a text, and the names of its tests, line for line. */
const proseOf = (text: string): string =>
  text.replace(/(\/\*[\s\S]*?\*\/|\/\/[^\n]*|^\s*test\('[^'\n]*')|[^\n]/gm, (match, kept: string | undefined) =>
    kept === undefined ? ' ' : match,
  );

/** `receivedAtUs` → `received at us`, `REPLY_MAX` → `reply max` */
const wordsOf = (name: string): string =>
  name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replaceAll('_', ' ')
    .toLowerCase();

/** What stands in a template text besides its values. */
const valuesOf = (template: string): string =>
  template.replace(/\$\{([^}]*)\}|[^\n]/g, (_match, value: string | undefined) => value ?? ' ');

/** The names in the code of a text, split into words, line for line. */
const namesOf = (text: string): string =>
  codeOf(text)
    .replace(/`(?:[^`\\]|\\.)*`/g, valuesOf)
    .replace(/[A-Za-z_$][\w$]*/g, (name) => `${wordsOf(name)};`);

function findings(file: string, text: string, words: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(words).flatMap(([word, instead]) => {
    const pattern = new RegExp(`\\b(?:${word})\\b`, 'i');
    return text.split('\n').flatMap((line, index) => {
      const found = pattern.exec(line)?.[0];
      return found === undefined ? [] : [`${file}:${index + 1}: "${found}": ${instead}`];
    });
  });
}

test('comments and test names are plain English', () => {
  assert.deepEqual(
    sources.flatMap((file) => findings(file, proseOf(read(file)), prose)),
    [],
  );
});

/** A page may say something, and at once; a comment has more exact words for both. */
const inManual = Object.fromEntries(Object.entries(prose).filter(([word]) => !['says?|said', 'at once'].includes(word)));

test('the manual is plain English', () => {
  const pages = [...filesUnder('docs'), 'README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'bench/README.md'];
  assert.deepEqual(
    pages.filter((page) => page.endsWith('.md')).flatMap((page) => findings(page, read(page).replace(/`[^`\n]*`/g, ' '), inManual)),
    [],
  );
});

test('names are of the words that the project uses', () => {
  const wrong = sources.flatMap((file) =>
    findings(file, LAB_FOLDER.test(file) ? namesOf(read(file)).replace(LAB_FORMAT, ' ') : namesOf(read(file)), names),
  );
  assert.deepEqual(wrong, []);
});

test('the list finds what it is for', () => {
  const text =
    "// The table is told.\nconst deafUntilUs = 'nobody is told';\n/** Begins anew,\n * at once. */\ntest('nobody hears', () => {});\n";
  assert.deepEqual(
    findings('f', proseOf(text), prose).map((line) => line.split(': ').slice(0, 2).join(' ')),
    ['f:1 "told"', 'f:5 "hears"', 'f:3 "anew"', 'f:4 "at once"', 'f:5 "nobody"'],
  );
  assert.deepEqual(findings('f', namesOf(text), names), ['f:2: "deaf": ignore until']);
  const code = "comeBack(`they say ${sayMore()}`);\nconst LEAST_REPLY_US = 1;\nconst replyMinUs = 'say';\n";
  assert.deepEqual(
    findings('f', namesOf(code), names).map((line) => line.split(': ').slice(0, 2).join(' ')),
    ['f:1 "come back"', 'f:1 "say"', 'f:2 "least reply us"'],
  );
});
