// What --help prints, as data: the forms of a command, its options and the prose between them. Manual and completion are made from it.

/** A paragraph, or an option (also a whole form) with what it does. */
export type Block =
  | { readonly kind: 'prose'; readonly text: string }
  | { readonly kind: 'item'; readonly term: string; readonly text: string };

export interface Usage {
  /** Each begins with `weir`. */
  readonly forms: readonly string[];
  /** In the order of the text; a form that stands behind prose is among them, too. */
  readonly blocks: readonly Block[];
}

const HEAD = /^usage: +/;
/** Where text begins that stands below `usage: `. */
const INDENT = 7;
/** How much shorter than the widest line a line may be that was broken only because it was full. */
const FULL_SLACK = 3;

/** A term, then at least two blanks, then text. */
const ITEM = /^(--?[\w-]+(?:,? (?:--[\w-]+|[A-Z[(|\]\w.,:=]+))*) {2,}(\S.*)$/;
/** Begins a line of its own, however full the one before is. */
const OWN_LINE = /^(?:--|exit status|[\w-]+: )/;
/** A form, then at least three blanks, the last ones of the line, then what it does. */
const FORM_WITH_TEXT = /^(.*\S) {3,}(\S.*)$/;

interface Reading {
  readonly forms: string[];
  readonly blocks: Block[];
  /** What a deeper indentation continues. */
  last: 'form' | 'block' | 'none';
  /** The line before was full: the next one goes on with its sentence. */
  full: boolean;
}

function addForm(reading: Reading, line: string): void {
  const [, aligned = line, text] = FORM_WITH_TEXT.exec(line) ?? [];
  const form = aligned.replaceAll(/ {2,}/g, ' ');
  const behindProse = reading.blocks.some(({ kind }) => kind === 'prose');
  reading.forms.push(form);
  if (text !== undefined || behindProse) reading.blocks.push({ kind: 'item', term: form, text: text ?? '' });
  reading.last = 'form';
}

/** Appends to what the line before began. */
function goOn(reading: Reading, text: string, isDeeper = false): void {
  if (reading.last === 'form' && isDeeper) {
    const form = reading.forms.pop() ?? '';
    reading.forms.push(`${form} ${text}`);
    return;
  }
  const block = reading.blocks.pop();
  if (block === undefined) return;
  reading.blocks.push({ ...block, text: `${block.text} ${text}`.trim() });
}

/** Whether a line without an indentation of its own goes on with the block before: a sentence that was broken, or what a form does. */
function continues({ blocks, full, last }: Reading, text: string): boolean {
  const before = blocks.at(-1);
  if (before === undefined || OWN_LINE.test(text)) return false;
  return (before.kind === 'item' && before.text === '') || (full && last === 'block');
}

function readLine(reading: Reading, line: string): void {
  const indent = line.length - line.trimStart().length;
  const text = line.trim();
  if (text === 'weir' || text.startsWith('weir ')) {
    addForm(reading, text);
    return;
  }
  if (indent > INDENT && reading.last !== 'none') {
    goOn(reading, text, true);
    return;
  }
  const [, term, does] = ITEM.exec(text) ?? [];
  if (term !== undefined && does !== undefined) reading.blocks.push({ kind: 'item', term, text: does });
  else if (continues(reading, text)) goOn(reading, text);
  else reading.blocks.push({ kind: 'prose', text });
  reading.last = 'block';
}

/** `text`: what a command of weir prints for --help. */
export function readUsage(text: string): Usage {
  const lines = text
    .replace(HEAD, ' '.repeat(INDENT))
    .replaceAll(/ {2,}or: +/g, `\n${' '.repeat(INDENT)}`)
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '');
  const width = Math.max(...lines.map(({ length }) => length));
  const reading: Reading = { forms: [], blocks: [], last: 'none', full: false };
  lines.forEach((line, index) => {
    readLine(reading, line);
    const next = lines[index + 1]?.trim().split(' ')[0] ?? '';
    reading.full = line.length + 1 + next.length > width - FULL_SLACK;
  });
  return { forms: reading.forms, blocks: reading.blocks };
}

/** Rows of an option list as ipvsadm, keepalived and genhash print it, below their headings ('' before the first one). */
export function readOptionRows(text: string): ReadonlyMap<string, readonly Block[]> {
  const sections = new Map<string, Block[]>([['', []]]);
  let rows = sections.get('') ?? [];
  for (const line of text.split('\n')) {
    const heading = /^([A-Za-z][\w -]*):$/.exec(line)?.[1];
    if (heading !== undefined) {
      rows = [];
      sections.set(heading, rows);
      continue;
    }
    const row = optionRow(line);
    if (row !== undefined) {
      rows.push(row);
      continue;
    }
    const before = rows.at(-1);
    if (/^ {20,}\S/.test(line) && before !== undefined) rows.splice(-1, 1, { ...before, text: `${before.text} ${line.trim()}`.trim() });
  }
  return sections;
}

/** The column in which keepalived's texts begin. */
const TEXT_COLUMN = 31;

function optionRow(line: string): Block | undefined {
  if (!/^ {2,6}-/.test(line)) return undefined;
  const gap = /^(.*\S) {2,}(\S.*)$/.exec(line);
  if (gap !== null) return { kind: 'item', term: (gap[1] ?? '').trim().replaceAll(/ {2,}/g, ' '), text: gap[2] ?? '' };
  const isBroken = line.length > TEXT_COLUMN && line[TEXT_COLUMN - 1] === ' ';
  return isBroken
    ? { kind: 'item', term: line.slice(0, TEXT_COLUMN).trim(), text: line.slice(TEXT_COLUMN) }
    : { kind: 'item', term: line.trim(), text: '' };
}
