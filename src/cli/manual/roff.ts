// Text in the man macros of roff, as man(7) has them.
import type { Block } from './usage-text.js';

const SIGNS: Readonly<Record<string, string>> = {
  '\\': '\\e',
  '-': '\\-',
  "'": '\\(aq',
  '`': '\\(ga',
  '^': '\\(ha',
  '~': '\\(ti',
  '"': '\\(dq',
};

/** Plain text: nothing of it is an instruction. Other characters than ASCII are named by their numbers. */
export function roffText(text: string): string {
  const escaped = [...text]
    .map(
      (sign) =>
        SIGNS[sign] ?? (sign.charCodeAt(0) < 127 ? sign : `\\[u${sign.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}]`),
    )
    .join('');
  return escaped.startsWith('.') ? `\\&${escaped}` : escaped;
}

const TOKEN = /--?[A-Za-z][\w-]*|[A-Z][A-Z0-9]*(?:[-_][A-Z0-9]+)*(?![a-z])|[a-z][\w.-]*|[\s\S]/g;
const isValue = (token: string): boolean => /^[A-Z][A-Z0-9_-]*$/.test(token);

/** A form of a command: words to type are bold, what stands for a value is italic. A line may end behind a `|`. */
export function roffForm(form: string): string {
  const parts = (form.match(TOKEN) ?? []).map((token) => {
    const font = isValue(token) ? 'I' : token.length > 1 ? 'B' : '';
    if (token === '|') return '|\\:';
    return font === '' ? roffText(token) : `\\f${font}${roffText(token)}\\fR`;
  });
  const line = parts.join('');
  return /^[.']/.test(line) ? `\\&${line}` : line;
}

/** Options are bold wherever they are named; `back quotes` are, too. */
export function roffProse(text: string): string {
  const parts = text.split(/(`[^`]+`|(?<![\w-])--[a-z][a-z-]*)/).map((part, index) => {
    const word = part.replaceAll('`', '');
    return index % 2 === 1 ? `\\fB${roffText(word)}\\fR` : roffText(part).replace(/^\\&/, '');
  });
  const line = parts.join('').trim();
  return /^[.']/.test(line) ? `\\&${line}` : line;
}

const NO_CAPITAL = /^(?:weir|ipvsadm|keepalived|genhash|ipvsadm-save|ipvsadm-restore)$/;

/** With a capital and a full stop, where the text begins with a word and ends with one. */
export function sentence(text: string): string {
  const first = /^([a-z]+)(?= )/.exec(text)?.[1];
  const begun = first === undefined || NO_CAPITAL.test(first) ? text : `${text[0]?.toUpperCase()}${text.slice(1)}`;
  return /[\w)'’]$/.test(begun) ? `${begun}.` : begun;
}

export function roffBlock(block: Block): readonly string[] {
  if (block.kind === 'prose') return ['.PP', roffProse(sentence(block.text))];
  return ['.TP', roffForm(block.term), block.text === '' ? '\\&' : roffProse(block.text)];
}

export interface Section {
  readonly title: string;
  /** Lines of roff. */
  readonly lines: readonly string[];
}

export interface PageHead {
  readonly name: string;
  readonly section: 1 | 5 | 8;
  readonly meaning: string;
  /** Of weir; '' is left out. */
  readonly version: string;
}

/** A whole page; sections without lines are left out. */
export function roffPage({ name, section, meaning, version }: PageHead, sections: readonly Section[]): string {
  const product = version === '' ? 'weir' : `weir ${version}`;
  const head = `.TH ${roffText(name.toUpperCase())} ${section} "" "${roffText(product)}" "weir"`;
  const begin = ['.SH NAME', `${roffText(name)} \\- ${roffText(meaning)}`];
  const rest = sections
    .filter(({ lines }) => lines.length > 0)
    .flatMap(({ title, lines }) => [`.SH ${title}`, ...(lines[0] === '.PP' ? lines.slice(1) : lines)]);
  return `${[head, ...begin, ...rest].join('\n')}\n`;
}
