// `weight N [reverse]` of a tracker: in its own block, and where an instance or group refers to it.
import type { Tracked } from '../../../../model/keepalived/trackers.js';
import { type Report, reportProblem } from '../../diagnostics/report.js';
import type { Statement, Values, Word } from '../../keyword.js';
import { readWhole } from '../../values/number.js';
import { wordsOf } from '../../values/values.js';
import { Line } from '../line.js';

/** A weight in the tracker's own block. */
export interface Weight {
  readonly weight: number;
  readonly reverse: boolean;
}

/** keepalived's messages about the weight of one kind of tracker. */
export interface WeightWords {
  readonly limit: number;
  readonly range: (text: string) => string;
  readonly option: (text: string) => string;
}

/** The `weight` in a tracker's block; undefined: absent or invalid. */
export function readDefinedWeight(block: Values, report: Report, texts: WeightWords): Weight | undefined {
  const [word, option] = wordsOf(block, 'weight') ?? [];
  if (word === undefined) return undefined;
  const { value, problem } = readWhole(word.text, { min: -texts.limit, max: texts.limit });
  if (problem !== undefined) reportProblem(report, word.at, problem);
  if (value === undefined) report('tracker-weight-range', word.at, { text: texts.range(word.text) });
  const reverse = option?.text === 'reverse';
  if (option !== undefined && !reverse) report('tracker-weight-option-unknown', option.at, { text: texts.option(option.text) });
  return value === undefined ? undefined : { weight: value, reverse };
}

/** keepalived's messages about one kind of tracker in a list; they differ for historical reasons. */
export interface ListWords {
  readonly limit: 253 | 254;
  readonly missing: (name: string) => string;
  readonly duplicate: string;
  /** The word behind the name is not `weight`. */
  readonly option: (name: string, word: string) => string;
  readonly noValue: (name: string) => string;
  readonly range: (name: string, word: string) => string;
  /** The word behind the weight is neither reverse nor noreverse. */
  readonly weightOption: (name: string, word: string) => string;
  readonly noreverse: boolean;
  /** ±254 was the limit in older releases; it becomes ±253, with a message. */
  readonly clamps: boolean;
}

function readListWeight(line: Line, name: string, who: string, texts: ListWords): { weight?: number; reverse?: boolean } {
  const option = line.take();
  if (option === undefined) return {};
  const { report } = line;
  if (option.text !== 'weight') {
    report('tracked-option-unknown', option.at, { who, name, text: texts.option(name, option.text) });
    return {};
  }
  const word = line.take();
  if (word === undefined) {
    report('tracked-weight-missing', option.at, { who, name, text: texts.noValue(name) });
    return {};
  }
  const bound = texts.clamps ? 254 : texts.limit;
  const { value, problem } = readWhole(word.text, { min: -bound, max: bound });
  if (problem !== undefined) reportProblem(line.report, word.at, problem);
  if (value === undefined) {
    report('tracked-weight-range', word.at, { who, name, text: texts.range(name, word.text) });
    return {};
  }
  const clamped = Math.abs(value) > texts.limit;
  if (clamped) report('tracked-weight-254', word.at, { who, name });
  const direction = line.take();
  const known = direction?.text === 'reverse' || (texts.noreverse && direction?.text === 'noreverse');
  if (direction !== undefined && !known)
    report('tracked-weight-option-unknown', direction.at, { who, name, text: texts.weightOption(name, direction.text) });
  return { weight: clamped ? Math.sign(value) * texts.limit : value, ...(known ? { reverse: direction?.text === 'reverse' } : {}) };
}

/** An entry of the list, and its place. */
export interface ListedTracker {
  readonly tracked: Tracked;
  readonly name: Word;
}

/** Reads the lines of one list of trackers. `whyMissing`: undefined if the tracker exists, else a hint. */
export function readList(
  lines: readonly Statement[],
  who: string,
  whyMissing: (word: Word) => string | undefined,
  texts: ListWords,
  report: Report,
): readonly ListedTracker[] {
  const found = new Map<string, ListedTracker>();
  for (const statement of lines) {
    const line = new Line(statement, report);
    const word = line.take()!;
    const name = word.text;
    const missing = whyMissing(word);
    if (missing !== undefined) report('tracked-unknown', word.at, { who, name, text: texts.missing(name), hint: missing });
    else if (found.has(name)) report('tracked-twice', word.at, { who, name, text: texts.duplicate.replace('%v', name) });
    else found.set(name, { tracked: { name, ...readListWeight(line, name, who, texts) }, name: word });
  }
  return [...found.values()];
}
