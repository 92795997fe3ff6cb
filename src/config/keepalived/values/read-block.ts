// Reads statements by a table of keywords into typed values, and reports what is wrong.
import { parseIpv4, parseIpv6 } from '../../../model/address-text.js';
import { nearest } from '../../../model/nearest.js';
import { type Report, reportProblem } from '../diagnostics/report.js';
import type { Argument, Keyword, Origin, Statement, Value, Values, Word } from '../keyword.js';
import { indexOf } from '../statements/keyword-index.js';
import { type Problem, placesOf, type ReadNumber, readTime, readWhole } from './number.js';
import { readScript } from './script.js';

/** One statement being read by its row. */
interface Reading {
  readonly keyword: Keyword;
  readonly statement: Statement;
  /** The name of the surrounding block. */
  readonly name: string;
  readonly report: Report;
}

/** A value, or undefined if the statement counts as not written. */
type Read = { readonly value: unknown } | undefined;

const quote = (names: readonly string[]): string => names.map((name) => `'${name}'`).join(', ');

/** on, off, true, false, yes, no: lower case only. */
function readBoolean(text: string): boolean | undefined {
  if (text === 'on' || text === 'true' || text === 'yes') return true;
  return text === 'off' || text === 'false' || text === 'no' ? false : undefined;
}

/** keepalived's message about this keyword, with its placeholders filled in. */
function filledIn(text: string, { statement, name }: Reading): string {
  return text.replace(/%[vkn]/g, (mark) =>
    mark === '%v' ? (statement.words[0]?.text ?? '') : mark === '%k' ? statement.keyword.text : name,
  );
}

/**
 * A required word is missing: keepalived exits with 2. `after` is the word before the gap, `position` counts the words of the line from 1.
 */
function missingWord(statement: Statement, after: Word, position: number, report: Report): void {
  report('argument-missing', after.at, { keyword: statement.keyword.text, after: after.text, position });
}

function missing(reading: Reading): undefined {
  const { keyword, statement, report } = reading;
  const text = keyword.messages?.missing;
  if (text === undefined) missingWord(statement, statement.words.at(-1) ?? statement.keyword, statement.words.length + 2, report);
  else if (text !== '') {
    const hint = keyword.argument.kind === 'block' ? `${statement.keyword.text} NAME {` : undefined;
    report('value-missing', statement.keyword.at, { keyword: keyword.name, text: filledIn(text, reading), hint });
  }
}

/** Reports an invalid argument: first the reader's general message, then the keyword's own. */
function refuse(reading: Reading, word: Word, problem: Problem | undefined, expected: string): undefined {
  const { keyword, report } = reading;
  const own = keyword.messages?.invalid;
  const hint = `expected ${expected}`;
  reportProblem(report, word.at, problem, hint);
  if (problem !== undefined && own === undefined) return;
  const text = own === undefined ? `invalid ${keyword.name} '${word.text}'` : filledIn(own, reading);
  report('value-invalid', word.at, { keyword: keyword.name, word: word.text, text, hint });
}

function extraWords(reading: Reading, from: number): void {
  const extra = reading.statement.words[from];
  if (extra === undefined) return;
  const rest = quote(reading.statement.words.slice(from).map((word) => word.text));
  reading.report('words-ignored', extra.at, { keyword: reading.statement.keyword.text, rest });
}

function number(reading: Reading, read: (text: string) => ReadNumber, expected: string): Read {
  const [word] = reading.statement.words;
  if (word === undefined) return missing(reading);
  const { value, problem } = read(word.text);
  if (value === undefined) {
    const isDefault = word.text === reading.keyword.default;
    refuse(reading, word, problem, isDefault ? `${expected}; ${word.text} is the default: leave the line out` : expected);
    return reading.keyword.refusedAs === undefined ? undefined : { value: reading.keyword.refusedAs };
  }
  if (problem !== undefined) reportProblem(reading.report, word.at, problem, `${value} µs are used`);
  extraWords(reading, 1);
  return { value };
}

function time(reading: Reading, argument: Extract<Argument, { kind: 'time' }>): Read {
  const { minUs, maxUs, unit } = argument;
  const [min, max, name] = unit === 'ms' ? [minUs / 1000, maxUs / 1000, 'milliseconds'] : [minUs / 1e6, maxUs / 1e6, 'seconds'];
  const range = Number.isFinite(max) ? `${min} to ${max} ${name}` : `${name}, ${min} or more`;
  const [word] = reading.statement.words;
  const decimals = /^\+?\d*\.(\d+)$/.exec(word?.text ?? '')?.[1] ?? '';
  const fine = word === undefined || readTime(word.text, argument).value !== undefined || decimals.length <= placesOf(argument);
  if (!fine) reading.report('number-too-precise', word.at, { text: word.text, hint: undefined });
  return number(reading, (text) => readTime(text, argument), `${range}, without a unit`);
}

function boolean(reading: Reading): Read {
  const [word] = reading.statement.words;
  if (word === undefined) return { value: true };
  const value = readBoolean(word.text);
  if (value === undefined) return refuse(reading, word, undefined, 'on, off, true, false, yes or no');
  extraWords(reading, 1);
  return { value };
}

function oneWord(reading: Reading, read: (word: Word) => Read): Read {
  const [word] = reading.statement.words;
  if (word === undefined) return missing(reading);
  const found = read(word);
  if (found !== undefined) extraWords(reading, 1);
  return found;
}

const isAlone = ({ words }: Statement): boolean => words.length === 1 && words[0]?.text !== '';

function text(reading: Reading, maxLength: number): Read {
  return oneWord(reading, (word) =>
    word.text.length > maxLength ? refuse(reading, word, undefined, `${maxLength} characters at most`) : { value: word.text },
  );
}

function address(reading: Reading, family: 'inet' | 'inet6' | undefined): Read {
  return oneWord(reading, (word) => {
    const value = (family === 'inet6' ? undefined : parseIpv4(word.text)) ?? (family === 'inet' ? undefined : parseIpv6(word.text));
    const kind = family === undefined ? 'an IP address' : family === 'inet' ? 'an IPv4 address' : 'an IPv6 address';
    return value === undefined ? refuse(reading, word, undefined, kind) : { value };
  });
}

function choice(reading: Reading, { of, anyCase }: Extract<Argument, { kind: 'choice' }>): Read {
  return oneWord(reading, (word) => {
    const value = of.find((name) => name === word.text || (anyCase === true && name.toLowerCase() === word.text.toLowerCase()));
    return value === undefined ? refuse(reading, word, undefined, `one of ${of.join(', ')}`) : { value };
  });
}

function script(reading: Reading): Read {
  const { statement, report } = reading;
  if (statement.raw === '') return missing(reading);
  const found = readScript(statement.keyword.text, statement.raw);
  if (found.problem !== undefined) report('script-quote-unterminated', statement.keyword.at, found.problem);
  return found.script === undefined ? undefined : { value: found.script };
}

function words(reading: Reading, min: number): Read {
  return reading.statement.words.length < min ? missing(reading) : { value: reading.statement.words };
}

function extraParameters({ statement, report }: Reading): void {
  const [extra] = statement.words;
  if (extra === undefined) return;
  const names = statement.words.map((word) => word.text).join(' ');
  report('block-extra-words', extra.at, { keyword: statement.keyword.text, names });
}

/** The words before the brace; undefined, and reported, if the name is missing (or if there are too many and the table has a message). */
function labelOf(reading: Reading, label: 0 | 1 | 2): readonly Word[] | undefined {
  const { words } = reading.statement;
  if (label === 0) return [];
  const tooMany = words.length > label && reading.keyword.messages?.missing !== undefined;
  return words.length === 0 || tooMany ? missing(reading) : words;
}

function block(reading: Reading, argument: Extract<Argument, { kind: 'block' }>): Read {
  const label = labelOf(reading, argument.label);
  if (label === undefined) return undefined;
  if (argument.label === 0) extraWords(reading, 0);
  const { statement, report, name } = reading;
  return { value: readBlock(statement.body ?? [], argument.keywords(), label, statement.keyword.at, report, name) };
}

function lines(reading: Reading, argument: Extract<Argument, { kind: 'lines' }>): Read {
  if (argument.label === undefined) extraParameters(reading);
  const label = labelOf(reading, argument.label ?? 0);
  const value = reading.statement.body ?? [];
  if (label === undefined) return undefined;
  if (argument.label === undefined) return { value };
  const { at } = reading.statement.keyword;
  const values: Values = { label, at, of: new Map([['lines', [{ value, at, order: 0 }]]]) };
  return { value: values };
}

function argumentOf(reading: Reading): Read {
  const { argument } = reading.keyword;
  switch (argument.kind) {
    case 'flag':
      extraWords(reading, 0);
      return { value: true };
    case 'boolean':
      return boolean(reading);
    case 'integer':
      return number(reading, (word) => readWhole(word, argument), `a whole number, ${argument.min} to ${argument.max}`);
    case 'time':
      return time(reading, argument);
    case 'text':
      if (argument.alone === true && !isAlone(reading.statement)) return missing(reading);
      return text(reading, argument.maxLength ?? Number.POSITIVE_INFINITY);
    case 'address':
      return address(reading, argument.family);
    case 'choice':
      return choice(reading, argument);
    case 'raw':
      return reading.statement.words.length === 0 && argument.optional !== true ? missing(reading) : { value: reading.statement.raw };
    case 'words':
      return words(reading, argument.min);
    case 'script':
      return script(reading);
    case 'lines':
      return lines(reading, argument);
    case 'block':
      return block(reading, argument);
  }
}

/** Merges two unnamed blocks of one kind (`global_defs` twice). */
function merged(keyword: Keyword, first: Value, second: Value): Value {
  if (keyword.argument.kind === 'lines')
    return { value: [...(first.value as Statement[]), ...(second.value as Statement[])], at: first.at, order: first.order };
  if (keyword.argument.kind !== 'block' || keyword.argument.label !== 0) return second;
  const [a, b] = [first.value as Values, second.value as Values];
  const of = new Map(a.of);
  const rows = indexOf(keyword.argument.keywords());
  const behind = 1 + Math.max(-1, ...[...a.of.values()].flatMap((entries) => entries.map(({ order }) => order)));
  for (const [name, entries] of b.of) {
    const values = entries.map((entry) => ({ ...entry, order: entry.order + behind }));
    const earlier = of.get(name);
    if (earlier === undefined) of.set(name, values);
    else if (rows.get(name)?.repeated === true) of.set(name, [...earlier, ...values]);
    else of.set(name, [merged(rows.get(name)!, earlier[0]!, values[0]!)]);
  }
  return { value: { label: a.label, at: a.at, of }, at: first.at, order: first.order };
}

function keep(reading: Reading, of: Map<string, Value[]>, value: Value): void {
  const { keyword, statement, report } = reading;
  const earlier = of.get(keyword.name);
  if (earlier === undefined) of.set(keyword.name, [value]);
  else if (keyword.repeated === true) earlier.push(value);
  else if (keyword.messages?.again !== undefined) {
    const text = filledIn(keyword.messages.again, reading);
    report('keyword-again', value.at, { keyword: keyword.name, text, line: earlier[0]!.at.line });
  } else {
    if (keyword.argument.kind !== 'lines' && keyword.argument.kind !== 'block' && keyword.argument.kind !== 'flag') {
      report('keyword-twice', value.at, { keyword: statement.keyword.text, line: earlier[0]!.at.line });
    }
    of.set(keyword.name, [merged(keyword, earlier[0]!, value)]);
  }
}

function unknown(statement: Statement, table: readonly Keyword[], report: Report): void {
  const { keyword } = statement;
  const glued = /^([a-z_]+)[=:](.+)$/i.exec(keyword.text);
  const near = glued !== null && indexOf(table).has(glued[1]!) ? `${glued[1]} ${glued[2]}` : nearest(keyword.text, indexOf(table).keys());
  report('keyword-unknown', keyword.at, { keyword: keyword.text, near });
}

const unexpectedBody = ({ keyword }: Statement, report: Report): void => report('body-unexpected', keyword.at, { keyword: keyword.text });

/** Reports old spellings, and keywords that weir reads but ignores. */
function reportUse(reading: Reading): void {
  const { keyword, statement, report } = reading;
  if (keyword.deprecated?.includes(statement.keyword.text) === true) {
    const text = filledIn(keyword.messages?.deprecated ?? `Keyword "%k" is deprecated - please use "${keyword.name}"`, reading);
    report('keyword-deprecated', statement.keyword.at, { keyword: statement.keyword.text, text });
  }
  if (keyword.acted === 'accepted') {
    report('keyword-without-effect', statement.keyword.at, { keyword: statement.keyword.text, because: because(keyword) });
  }
}

const because = ({ because: why }: Keyword): string => (why === undefined ? '' : `: ${why}`);

/**
 * Reads the values of one block. `label`: the words before its brace; `at`: its place; `outer`: the name of the surrounding block, which
 * messages use if this block has none. Unreadable statements are reported and left out; the caller stops at `fatal` ones.
 */
export function readBlock(
  statements: readonly Statement[],
  table: readonly Keyword[],
  label: readonly Word[],
  at: Origin,
  report: Report,
  outer = '',
): Values {
  const of = new Map<string, Value[]>();
  const index = indexOf(table);
  const name = label[0]?.text ?? outer;
  for (const [order, statement] of statements.entries()) {
    const keyword = index.get(statement.keyword.text);
    if (keyword === undefined) {
      unknown(statement, table, report);
      if (statement.body !== undefined) unexpectedBody(statement, report);
      continue;
    }
    const reading: Reading = { keyword, statement, name, report };
    reportUse(reading);
    const takesBody = keyword.argument.kind === 'block' || keyword.argument.kind === 'lines';
    if (statement.body !== undefined && !takesBody) unexpectedBody(statement, report);
    const read = argumentOf(reading);
    if (read !== undefined) keep(reading, of, { value: read.value, at: statement.keyword.at, order });
  }
  return { label, at, of };
}
