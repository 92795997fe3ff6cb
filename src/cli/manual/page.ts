// A manual page, and what several of them have.
import { version } from '../../report/version.js';
import { type PageHead, roffBlock, roffForm, roffPage, roffProse, roffText, type Section } from './roff.js';
import type { Block } from './usage-text.js';

export interface ManualPage {
  readonly name: string;
  readonly section: PageHead['section'];
  /** roff, with the macros of man(7). */
  readonly text: string;
}

export type PageOf = Pick<PageHead, 'name' | 'section' | 'meaning'>;

export const page = (head: PageOf, sections: readonly Section[]): ManualPage => ({
  name: head.name,
  section: head.section,
  text: roffPage({ ...head, version: version === 'source' ? '' : version }, sections),
});

/** Forms; the lines of a long one begin behind the command's name. */
export const synopsis = (forms: readonly string[]): Section => ({
  title: 'SYNOPSIS',
  lines: forms.flatMap((form) => {
    const [, name = form, rest = ''] = /^(weir [a-z]+|\S+)(?: +(.*))?$/.exec(form) ?? [];
    return [`.SY "${roffText(name)}"`, ...(rest === '' ? [] : [roffForm(rest)]), '.YS'];
  }),
});

export const described = (title: string, blocks: readonly Block[]): Section => ({ title, lines: blocks.flatMap(roffBlock) });

export const prose = (title: string, ...paragraphs: readonly string[]): Section => ({
  title,
  lines: paragraphs.flatMap((paragraph) => ['.PP', roffProse(paragraph)]),
});

/** Rows of a term and its text: files, schedulers. */
export const list = (title: string, rows: readonly (readonly [term: string, text: string])[]): Section => ({
  title,
  lines: rows.flatMap(([term, text]) => ['.TP', roffProse(`\`${term}\``), roffProse(text)]),
});

/** `ipvsadm(8)`, … */
export const seeAlso = (...names: readonly string[]): Section => ({
  title: 'SEE ALSO',
  lines: names.map((name, index) => {
    const [, base = name, section = ''] = /^(.*)\((\d)\)$/.exec(name) ?? [];
    return `.BR ${base.replaceAll('-', '\\-')} (${section})${index === names.length - 1 ? '' : ' ,'}`;
  }),
});
