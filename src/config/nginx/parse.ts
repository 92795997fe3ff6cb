// The grammar of nginx.conf: text → directives with their words, blocks and lines; files that are included stand in the place of their directive.
import { WeirError } from '../../model/errors/weir-error.js';

export interface NginxPlace {
  readonly file: string;
  readonly line: number;
}

export interface Directive {
  readonly name: string;
  readonly args: readonly string[];
  readonly at: NginxPlace;
  readonly block?: readonly Directive[];
}

export interface NginxFile {
  readonly file: string;
  readonly text: string;
}

/** The files that the word behind `include` names, also by a pattern; undefined: there is no such file. `from`: the file that includes. */
export type ReadIncluded = (word: string, from: string) => readonly NginxFile[] | undefined;

type Token =
  | { readonly kind: 'word'; readonly text: string; readonly line: number }
  | { readonly kind: ';' | '{' | '}'; readonly line: number };

const DEPTH_MAX = 50;
const FILES_MAX = 1000;
const ESCAPES: Readonly<Record<string, string>> = { t: '\t', r: '\r', n: '\n', '"': '"', "'": "'", '\\': '\\' };

/** nginx's escapes in words; any other backslash stands, as expressions need it. */
const unescaped = (text: string): string => text.replace(/\\([trn"'\\])/g, (_all, letter: string) => ESCAPES[letter] ?? letter);

const SPACE = /[ \t\r\n]/;
/** A word: until a blank, `;` or `{`; `${` belongs to it, and what a backslash escapes. */
const WORD = /(?:\\[\s\S]|\$\{|[^\s;{\\])+/y;
const QUOTED = /"((?:\\[\s\S]|[^"\\])*)"|'((?:\\[\s\S]|[^'\\])*)'/y;

function tokensOf({ file, text }: NginxFile): readonly Token[] {
  const tokens: Token[] = [];
  let line = 1;
  let at = 0;
  const refuse = (what: string): never => {
    throw new WeirError('nginx-syntax', { file, line, what });
  };
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found !== null) at = pattern.lastIndex;
    return found;
  };
  while (at < text.length) {
    const letter = text[at] ?? '';
    if (SPACE.test(letter)) {
      if (letter === '\n') line++;
      at++;
    } else if (letter === '#') {
      const end = text.indexOf('\n', at);
      at = end < 0 ? text.length : end;
    } else if (letter === ';' || letter === '{' || letter === '}') {
      tokens.push({ kind: letter, line });
      at++;
    } else {
      const quoted = letter === '"' || letter === "'" ? (take(QUOTED) ?? refuse(`a ${letter} without its end`)) : undefined;
      const word = quoted === undefined ? (take(WORD)?.[0] ?? refuse('a \\ at the end')) : (quoted[1] ?? quoted[2] ?? '');
      tokens.push({ kind: 'word', text: unescaped(word), line });
      line += word.split('\n').length - 1;
      if (quoted !== undefined && at < text.length && !/[\s;{)]/.test(text[at] ?? ''))
        refuse(`unexpected ${text[at]} behind a quoted word`);
    }
  }
  return tokens;
}

/** Reads a file and those it includes. */
class Parser {
  #files = 0;

  constructor(readonly readIncluded: ReadIncluded) {}

  file(file: NginxFile, depth: number, includedAt: NginxPlace): readonly Directive[] {
    if (depth > DEPTH_MAX || ++this.#files > FILES_MAX) throw new WeirError('nginx-include-loop', { ...includedAt, max: DEPTH_MAX });
    const tokens = tokensOf(file);
    const { directives, next } = this.#block(tokens, 0, file.file, depth);
    const left = tokens[next];
    if (left !== undefined) throw new WeirError('nginx-syntax', { file: file.file, line: left.line, what: 'unexpected }' });
    return directives;
  }

  #included(directive: Directive, depth: number): readonly Directive[] {
    const [word] = directive.args;
    const files = word === undefined || directive.args.length > 1 ? undefined : this.readIncluded(word, directive.at.file);
    if (files === undefined)
      throw new WeirError('nginx-syntax', { ...directive.at, what: `include ${directive.args.join(' ')}: there is no such file` });
    return files.flatMap((file) => this.file(file, depth + 1, directive.at));
  }

  /** Directives until a `}` or the end of the text; `next`: the token behind them. */
  #block(
    tokens: readonly Token[],
    from: number,
    file: string,
    depth: number,
  ): { readonly directives: readonly Directive[]; readonly next: number } {
    const directives: Directive[] = [];
    let at = from;
    if (depth > DEPTH_MAX) throw new WeirError('nginx-include-loop', { file, line: tokens[from]?.line ?? 1, max: DEPTH_MAX });
    while (at < tokens.length && tokens[at]?.kind !== '}') {
      const words: string[] = [];
      const { line } = tokens[at] as Token;
      const refuse = (what: string, token: Token | undefined): never => {
        throw new WeirError('nginx-syntax', { file, line: token?.line ?? line, what });
      };
      for (let token = tokens[at]; token?.kind === 'word'; token = tokens[++at]) words.push(token.text);
      const [name, ...args] = words;
      const end = tokens[at++];
      if (name === undefined) return refuse(`unexpected ${end?.kind}`, end);
      const directive = { name, args, at: { file, line } };
      // One by one: an included file may have more than a call takes arguments.
      if (end?.kind === ';') for (const one of name === 'include' ? this.#included(directive, depth) : [directive]) directives.push(one);
      else if (end?.kind === '{') {
        const inner = this.#block(tokens, at, file, depth + 1);
        if (tokens[inner.next]?.kind !== '}') refuse(`the block of ${name} has no }`, end);
        directives.push({ ...directive, block: inner.directives });
        at = inner.next + 1;
      } else refuse(`${name} has no ; behind it`, end);
    }
    return { directives, next: at };
  }
}

/** @throws WeirError nginx-syntax, nginx-include-loop */
export const parseNginx = (file: NginxFile, readIncluded: ReadIncluded): readonly Directive[] =>
  new Parser(readIncluded).file(file, 0, { file: file.file, line: 1 });
