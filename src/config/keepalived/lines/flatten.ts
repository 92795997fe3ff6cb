// Joins all files of a configuration into one stream of lines and braces: includes are read, conditions evaluated, parameters and sequences
// substituted. It always ends: beyond LIMITS it reports a message and stops.

import { passOn, type Report, reportTo } from '../diagnostics/report.js';
import type { Piece } from '../statements/tree.js';
import { braceAt, commentStart, unescaped } from './comment.js';
import { absolute, type ConfigFiles, directoryOf, type FileRead } from './config-files.js';
import { reportConfusables, reportCutPassword } from './confusable-characters.js';
import { fileLines } from './file-lines.js';
import { type FoundFile, findFiles, type IncludePolicy, includeCheck, LENIENT, policyOf, readInclude } from './include.js';
import { LINE_LENGTH_MAX, Parameters, type Predefined, readDefinition } from './parameters.js';
import { readLst, readSeq, type Sequence } from './sequence.js';
import { splitWords } from './split-words.js';
import { originAt, slice, standingFor, type Text, trimmed, written } from './text.js';

/** Limits of a configuration. Beyond them, reading is given up (exit 2). */
const LIMITS = {
  files: 10_000,
  lookups: 100_000,
  depth: 200,
  characters: 256 * 2 ** 20,
  lines: 2_000_000,
  pieces: 2_000_000,
  /** Characters examined: a line with many braces or parameters is examined again behind each of them. */
  steps: 2 ** 30,
  expansion: 100,
} as const;

type Used = Record<Exclude<keyof typeof LIMITS, 'depth' | 'expansion'>, number>;

export interface FlattenOptions {
  /** The file or the pattern that -f names. */
  readonly path: string;
  /** -e: it is an error if there is no file. */
  readonly mustExist?: boolean;
  /** The working directory, absolute: the base of `${_PWD}`. */
  readonly directory?: string;
  /** -i, else the host's short name: compared with `@ID`. */
  readonly configId: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The seed of `${_RANDOM}`, until a `random_seed`. */
  readonly seed?: number;
}

/** An open file. */
interface OpenFile {
  readonly kind: 'file';
  readonly path: string;
  readonly lines: readonly string[];
  /** The next line, from 0. */
  next: number;
  policy: IncludePolicy;
}

/** A sequence between two rounds: `line` is read again with the next values. */
interface OpenSequence {
  readonly kind: 'sequence';
  readonly sequence: Sequence;
  readonly rounds: Iterator<readonly string[]>;
  readonly line: Text;
  readonly depth: number;
}

/** Text that is still to be read. `depth`: the number of expansions that produced it. */
interface Pending {
  readonly kind: 'text';
  readonly line: Text;
  readonly depth: number;
}

type Work = OpenFile | OpenSequence | Pending;

/** A limit was exceeded; it was reported, and reading stops. */
class Exceeded extends Error {}

class Flattener {
  readonly #files: ConfigFiles;
  readonly #options: FlattenOptions;
  readonly #report: Report;
  readonly #parameters = new Parameters();
  readonly #work: Work[] = [];
  /** Keywords of the open blocks, because some lines in global_defs change how reading continues. */
  readonly #blocks: string[] = [];
  #lastKeyword = '';
  /** The line that asks for files. */
  #including: Text = written('', '', 1);
  #seed: number;
  readonly #predefined: Predefined;
  readonly #read: Used = { files: 0, lookups: 0, characters: 0, lines: 0, pieces: 0, steps: 0 };

  constructor(files: ConfigFiles, options: FlattenOptions, report: Report) {
    this.#files = { list: (directory) => files.list(directory), read: (path) => this.#counted(files.read(path)) };
    this.#options = options;
    this.#report = report;
    this.#seed = options.seed ?? 0;
    this.#predefined = {
      directory: () => absolute(options.directory ?? '', directoryOf(this.#currentFile()?.path ?? options.path)),
      configId: options.configId,
      environment: options.environment,
      random: (min, max) => min + (this.#chance() % (max - min + 1)),
    };
  }

  *pieces(): Generator<Piece> {
    try {
      this.#openMain();
      for (let top = this.#work.at(-1); top !== undefined; top = this.#work.at(-1)) {
        if (top.kind === 'file') this.#nextLine(top);
        else if (top.kind === 'sequence') this.#nextRound(top);
        else {
          this.#work.pop();
          yield* this.#readText(top);
        }
      }
    } catch (error) {
      if (!(error instanceof Exceeded)) throw error;
    }
  }

  /** Counts usage, and stops reading when a limit is exceeded. */
  #bound(what: keyof Used, amount: number, line: Text): void {
    this.#need(what, amount, line);
    this.#read[what] += amount;
  }

  /** Stops reading when there is no room for so much more. */
  #need(what: keyof Used, amount: number, line: Text): void {
    if (this.#read[what] + amount <= LIMITS[what]) return;
    this.#report('configuration-too-large', originAt(line, 0), { max: LIMITS[what], what });
    throw new Exceeded();
  }

  /** Files are counted while they are read: one pattern may name more than fits in memory. */
  #counted(found: FileRead): FileRead {
    this.#bound('lookups', 1, this.#including);
    if (found.kind === 'text') this.#bound('characters', found.text.length, this.#including);
    return found;
  }

  #openMain(): void {
    const { path, mustExist } = this.#options;
    const at = { file: path, line: 1, column: 1 };
    this.#including = written('', path, 1);
    const policy = { read: true, match: true, wildcard: mustExist === true, brace: true };
    const severity = mustExist === true ? 'unusable' : 'notice';
    let failed = false;
    const report = reportTo((diagnostic) => {
      failed ||= diagnostic.code === 'file-not-opened';
      if (failed) this.#report('main-file-unreadable', at, { name: path, hint: diagnostic.text });
      else passOn(this.#report, diagnostic);
    });
    const found = findFiles({ files: this.#files, at, report, policy, severity }, '', path);
    if (found.length > 1) this.#report('many-main-files', at, { path, first: found[0]!.path });
    this.#open(found, written('', path, 1), LENIENT);
  }

  /** Pushes files onto the work stack, the first one on top. */
  #open(found: readonly FoundFile[], line: Text, policy: IncludePolicy): void {
    const open = this.#work.filter((work): work is OpenFile => work.kind === 'file');
    for (const { path, text } of [...found].reverse()) {
      const real = absolute(this.#options.directory ?? '', path);
      const looping = open.some((file) => absolute(this.#options.directory ?? '', file.path) === real);
      if (looping || open.length >= LIMITS.depth) {
        this.#report('include-loop', originAt(line, 0), {
          path,
          hint: looping
            ? `it is being read already: ${open.map((file) => file.path).join(' > ')}`
            : `${LIMITS.depth} files include one another`,
        });
        continue;
      }
      this.#bound('files', 1, line);
      this.#work.push({ kind: 'file', path, lines: fileLines(path, text, this.#report), next: 0, policy });
    }
  }

  /** The next physical line; a NUL ends it. */
  #physical(file: OpenFile): Text | undefined {
    const line = file.lines[file.next++];
    if (line === undefined) return undefined;
    const text = written(line.endsWith('\r') ? line.slice(0, -1) : line, file.path, file.next);
    const nul = text.text.indexOf('\0');
    if (nul !== -1) this.#report('nul-character', originAt(text, nul));
    const rest = nul === -1 ? text : slice(text, 0, nul);
    if (rest.text.length <= LINE_LENGTH_MAX) return rest;
    this.#report('line-too-long', originAt(rest, 0), { max: LINE_LENGTH_MAX });
    return slice(rest, 0, 0);
  }

  #nextLine(file: OpenFile): void {
    const line = this.#physical(file);
    if (line === undefined) {
      this.#work.pop();
      return;
    }
    this.#bound('lines', 1, line);
    const { at, openQuote } = commentStart(line.text);
    const text = line.text.slice(0, at);
    reportConfusables(line, at, this.#report);
    reportCutPassword(line, at, this.#report);
    if (openQuote) this.#report('quote-unterminated', originAt(line, 0), { line: text.trim() });
    const definition = /\\[ \t]*$/.test(line.text) ? this.#manyLines(file, line) : undefined;
    if (definition === undefined && text.trim() !== '') this.#work.push({ kind: 'text', line: slice(line, 0, at), depth: 0 });
  }

  /** A definition that continues while lines end in a backslash; undefined: no definition. A condition before it applies to all of it. */
  #manyLines(file: OpenFile, first: Text): true | undefined {
    const condition = this.#condition(slice(first, first.text.search(/\S|$/)));
    const found = readDefinition((condition.rest ?? condition.skipped).text.trimStart());
    if (found === undefined) return undefined;
    const values = [found.value];
    while (/\\[ \t]*$/.test(values.at(-1)!)) {
      values.push(values.pop()!.replace(/[ \t]*\\[ \t]*$/, ''));
      const next = this.#physical(file);
      if (next === undefined) break;
      this.#bound('lines', 1, next);
      values.push(next.text.trim());
    }
    const rest = values.length > 1 && values[0] === '' ? values.slice(1) : values;
    if (condition.rest !== undefined) this.#parameters.define(found.name, rest);
    return true;
  }

  /** `@ID` and `@^ID`: the rest of the line, if the condition holds. */
  #condition(line: Text): { readonly rest?: Text; readonly skipped: Text } {
    const match = /^@(\^?)(\S*)[ \t]*/.exec(line.text);
    if (match === null) return { rest: line, skipped: line };
    const rest = slice(line, match[0].length);
    const wanted = (match[2] === this.#options.configId) !== (match[1] === '^');
    return wanted ? { rest, skipped: rest } : { skipped: rest };
  }

  #nextRound(open: OpenSequence): void {
    const { done, value } = open.rounds.next();
    if (done === true) {
      this.#work.pop();
      return;
    }
    this.#bound('lines', 1, open.line);
    for (const [index, name] of open.sequence.variables.entries()) this.#parameters.define(name, [value[index]!]);
    this.#work.push({ kind: 'text', line: open.line, depth: open.depth });
  }

  #currentFile(): OpenFile | undefined {
    return this.#work.findLast((work): work is OpenFile => work.kind === 'file');
  }

  /** The next number of a sequence that the seed determines (xorshift). */
  #chance(): number {
    let x = (this.#seed ^ 0x9e3779b9) >>> 0 || 1;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#seed = x >>> 0;
    return this.#seed >>> 7;
  }

  *#readText(pending: Pending): Generator<Piece> {
    let line = trimmed(pending.line);
    if (line.text.startsWith('@')) {
      const { rest } = this.#condition(line);
      if (rest === undefined) return;
      line = trimmed(rest);
    }
    if (line.text.startsWith('~SEQ') || line.text.startsWith('~LST')) return this.#openSequence(line, pending.depth);
    if (this.#define(line.text)) return;
    const found = line.text.includes('$')
      ? this.#parameters.substitute(line, this.#predefined)
      : { text: line, more: [], steps: 0, endless: false };
    this.#bound('steps', line.text.length + found.steps, line);
    if (found.endless || pending.depth > LIMITS.expansion) return this.#endless(line);
    this.#bound('lines', found.more.length, line);
    for (const more of [...found.more].reverse()) {
      const { at } = commentStart(more);
      this.#work.push({ kind: 'text', line: standingFor(more.slice(0, at), line, 0), depth: pending.depth + 1 });
    }
    if (found.text === line) yield* this.#emit(line, pending.depth);
    else this.#substituted(found.text, pending.depth + 1);
  }

  #endless(line: Text): void {
    this.#report('parameter-endless', originAt(line, 0), { line: line.text.slice(0, 80) });
  }

  /** Reads the result of a substitution like a new line: it may contain a condition, a sequence, a definition or a comment. */
  #substituted(text: Text, depth: number): void {
    const { at, openQuote } = commentStart(text.text);
    const line = slice(text, 0, at);
    if (openQuote) this.#report('quote-unterminated', originAt(text, 0), { line: line.text.trim() });
    if (line.text.trim() !== '') this.#work.push({ kind: 'text', line, depth });
  }

  #define(text: string): boolean {
    const found = readDefinition(text);
    if (found === undefined) return false;
    this.#parameters.define(found.name, [found.value]);
    return true;
  }

  #openSequence(line: Text, depth: number): void {
    const read = line.text.startsWith('~LST')
      ? readLst(line.text)
      : readSeq(line.text, (text) => this.#parameters.substitute(standingFor(text, line, 0), this.#predefined).text.text);
    if ('problems' in read) {
      for (const problem of read.problems) this.#report('sequence-invalid', originAt(line, 0), { problem, line: line.text.trimEnd() });
      return;
    }
    this.#need('lines', read.count, line);
    const rest = slice(line, read.end);
    this.#work.push({ kind: 'sequence', sequence: read, rounds: read.rounds[Symbol.iterator](), line: rest, depth });
  }

  /** A line without parameters: an include, or the text before its first brace; the rest is read again. */
  *#emit(line: Text, depth: number): Generator<Piece> {
    const include = readInclude(line.text);
    if (include !== undefined) return this.#include(line, include, depth);
    const brace = braceAt(line.text);
    const before = trimmed(brace === -1 ? line : slice(line, 0, brace));
    if (before.text !== '') yield this.#line(before);
    if (brace === -1) return;
    const at = originAt(line, brace);
    const open = line.text[brace] === '{';
    if (open) this.#blocks.push(this.#lastKeyword);
    else this.#blocks.pop();
    this.#lastKeyword = '';
    this.#bound('pieces', 1, line);
    if (brace + 1 < line.text.length) this.#work.push({ kind: 'text', line: slice(line, brace + 1), depth });
    yield { kind: open ? 'open' : 'close', at };
  }

  #line(text: Text): Piece {
    this.#bound('pieces', 1, text);
    this.#undefinedParameter(text);
    const line = unescaped(text);
    const keyword = /^"?([^\s"]*)/.exec(line.text)?.[1] ?? '';
    this.#lastKeyword = keyword;
    if (this.#blocks.length === 1 && this.#blocks[0] === 'global_defs') this.#global(keyword, line);
    return { kind: 'line', line };
  }

  /** The keywords of global_defs that change how reading continues. */
  #global(keyword: string, line: Text): void {
    const words = (): ReturnType<typeof splitWords>['words'] => splitWords(line).words.slice(1);
    const file = this.#currentFile();
    if (keyword === 'include_check' && file !== undefined) file.policy = includeCheck(file.policy, words(), this.#report);
    if (keyword === 'random_seed') this.#seed = Number.parseInt(words()[0]?.text ?? '0', 10) >>> 0;
  }

  #undefinedParameter(line: Text): void {
    const match = line.text.includes('${') ? /\$\{[A-Za-z_]\w*(?: [^{}"]*)?\}/.exec(line.text) : null;
    if (match === null) return;
    this.#report('parameter-undefined', originAt(line, match.index), { parameter: match[0] });
  }

  #include(line: Text, { keyword, name }: { readonly keyword: string; readonly name: string }, depth: number): void {
    const file = this.#currentFile();
    const policy = file?.policy ?? LENIENT;
    const braces = /(?:[ \t]+\})+$/.exec(name);
    const wanted = braces === null ? name : name.slice(0, braces.index);
    if (braces !== null) this.#work.push({ kind: 'text', line: slice(line, line.text.lastIndexOf(braces[0])), depth });
    this.#including = line;
    const lookup = {
      files: this.#files,
      at: originAt(line, 0),
      report: this.#report,
      policy: policyOf(keyword, policy),
      severity: 'no-config' as const,
    };
    this.#open(findFiles(lookup, directoryOf(file?.path ?? ''), wanted), line, policy);
  }
}

/** The lines and braces of a configuration, in order. Errors go to `report`. */
export function flatten(files: ConfigFiles, options: FlattenOptions, report: Report): Iterable<Piece> {
  return new Flattener(files, options, report).pieces();
}
