// `umask NUMBER` or `umask IRUSR|IWGRP …` of global_defs, as a number (keepalived.conf(5)).

import type { Report } from '../../diagnostics/report.js';
import type { Word } from '../../keyword.js';
import { readCNumber } from '../network/number-names.js';

const bits: ReadonlyMap<string, number> = new Map(
  ['USR', 'GRP', 'OTH'].flatMap((who, index): [string, number][] => [
    ...[...'RWX'].map((what, bit): [string, number] => [`I${what}${who}`, 0o400 >> (3 * index + bit)]),
    [`IRWX${who[0]}`, 0o700 >> (3 * index)],
  ]),
);

/** Bits joined by `|`, with or without surrounding blanks. */
function readBits(text: string, word: Word, report: Report): number | undefined {
  let mask = 0;
  let rest = text;
  for (;;) {
    const name = [...bits.keys()].find((each) => rest.startsWith(each));
    if (name === undefined) {
      report('umask-bit-unknown', word.at, { rest });
      return undefined;
    }
    mask |= bits.get(name) ?? 0;
    const behind = rest.slice(name.length).trimStart();
    if (behind === '') return mask;
    if (!behind.startsWith('|')) {
      report('umask-syntax', word.at, { rest: rest.slice(name.length).startsWith(' ') ? behind : rest });
      return undefined;
    }
    rest = behind.slice(1).trimStart();
  }
}

/** The mask; undefined, and reported, if it cannot be read. */
export function readUmask(words: readonly Word[], report: Report): number | undefined {
  const [word] = words;
  if (word === undefined) return undefined;
  if (!/^\d/.test(word.text)) return readBits(words.map((each) => each.text).join(' '), word, report);
  if (words.length > 1) {
    report('umask-extra-words', word.at);
    return undefined;
  }
  const value = readCNumber(word.text, 0o777);
  if (value === undefined) report('umask-invalid', word.at, { word: word.text });
  return value;
}
