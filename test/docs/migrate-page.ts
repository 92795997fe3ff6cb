// docs/migrate.md as data: its sections, for which hosts each table is, and what becomes of each published line.
import { besideFencedBlocks, fencedBlocks } from '../support/fenced-blocks.js';
import { read } from '../support/project.js';

export type Place = 'director' | 'servers';

export type Verdict = 'same' | 'may stay' | 'leave out' | 'instead';

export interface Row {
  /** The published line, as it is typed. */
  readonly published: string;
  readonly verdict: Verdict;
  /** With `instead`: the command in its place. */
  readonly instead: string;
}

/** One table about the lines of one kind of host. */
export interface Part {
  readonly place: Place;
  readonly rows: readonly Row[];
}

export interface Section {
  readonly parts: readonly Part[];
  /** What stands between fences, without them. */
  readonly blocks: readonly string[];
}

interface Language {
  readonly file: string;
  readonly places: Readonly<Record<string, Place>>;
  readonly verdicts: Readonly<Record<string, Verdict>>;
}

export const ENGLISH: Language = {
  file: 'docs/migrate.md',
  places: { 'On the director': 'director', 'On each real server': 'servers' },
  verdicts: { same: 'same', 'may stay': 'may stay', 'leave out': 'leave out' },
};

export const CHINESE: Language = {
  file: 'docs/zh-CN/migrate.md',
  places: { 在调度器上: 'director', 在每台真实服务器上: 'servers' },
  verdicts: { 相同: 'same', 可保留: 'may stay', 去掉: 'leave out' },
};

const CODE = /^`([^`]+)`$/;

/** The cells of a row of a table, in which `\|` is a bar. */
const cellsOf = (line: string): readonly string[] =>
  line
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim().replaceAll('\\|', '|'));

function rowOf(line: string, { file, verdicts }: Language): Row {
  const [first = '', second = ''] = cellsOf(line);
  const published = CODE.exec(first)?.[1];
  const instead = CODE.exec(second)?.[1];
  const verdict = instead === undefined ? verdicts[second] : 'instead';
  if (published === undefined || verdict === undefined) throw new Error(`${file}: neither a command nor a verdict: ${line}`);
  return { published, verdict, instead: instead ?? '' };
}

/** Without the table's head. */
const rowsOf = (text: string): readonly string[] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2);

function sectionOf(text: string, language: Language): Section {
  const blocks = fencedBlocks(text);
  const parts = besideFencedBlocks(text)
    .split(/^### /m)
    .slice(1)
    .flatMap((part): readonly Part[] => {
      const place = language.places[part.split('\n')[0] ?? ''];
      // A table about something else may stand below the one about lines.
      const table = part.split(/\n(?!\|)/).find((piece) => piece.includes('\n|')) ?? '';
      return place === undefined ? [] : [{ place, rows: rowsOf(table).map((line) => rowOf(line, language)) }];
    });
  return { parts, blocks };
}

/** In order; those without tables of lines and without blocks are there, too. */
export function sectionsOf(language: Language): readonly Section[] {
  return read(language.file)
    .split(/^## /m)
    .slice(1)
    .map((text) => sectionOf(text, language));
}

/** A section by its English title. */
export function sectionNamed(title: string): Section {
  const text = read(ENGLISH.file)
    .split(/^## /m)
    .find((part) => part.startsWith(`${title}\n`));
  if (text === undefined) throw new Error(`${ENGLISH.file} has no section ${title}`);
  return sectionOf(text, ENGLISH);
}
