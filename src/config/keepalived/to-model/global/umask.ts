// `umask NUMBER` or `umask IRUSR|IWGRP …` of global_defs, as a number (keepalived.conf(5)).
import type { Report, Word } from '../../keyword.js';
import { readCNumber } from '../network/number-names.js';
import { tellError } from '../report.js';

const bits: ReadonlyMap<string, number> = new Map(
  ['USR', 'GRP', 'OTH'].flatMap((who, index): [string, number][] => [
    ...[...'RWX'].map((what, bit): [string, number] => [`I${what}${who}`, 0o400 >> (3 * index + bit)]),
    [`IRWX${who[0]}`, 0o700 >> (3 * index)],
  ]),
);

/** Bits joined by `|`, with or without blanks around it. */
function readBits(text: string, word: Word, report: Report): number | undefined {
  let mask = 0;
  let rest = text;
  for (;;) {
    const name = [...bits.keys()].find((each) => rest.startsWith(each));
    if (name === undefined) {
      tellError(report, word.at, `Unknown umask bit ${rest}`);
      return undefined;
    }
    mask |= bits.get(name) ?? 0;
    const behind = rest.slice(name.length).trimStart();
    if (behind === '') return mask;
    if (!behind.startsWith('|')) {
      tellError(report, word.at, `Invalid umask syntax ${rest.slice(name.length).startsWith(' ') ? behind : rest}`);
      return undefined;
    }
    rest = behind.slice(1).trimStart();
  }
}

/** The mask, or nothing where it cannot be read (told). */
export function readUmask(words: readonly Word[], report: Report): number | undefined {
  const [word] = words;
  if (word === undefined) return undefined;
  if (!/^\d/.test(word.text)) return readBits(words.map((each) => each.text).join(' '), word, report);
  if (words.length > 1) {
    tellError(report, word.at, 'Extra parameter(s) to umask option');
    return undefined;
  }
  const value = readCNumber(word.text, 0o777);
  if (value === undefined) tellError(report, word.at, `invalid umask value ${word.text}`);
  return value;
}
