// The text of a regular expression as a tree: what PCRE and POSIX extended expressions share and a finite automaton can do. Bytes stand as characters
// below 256. Refused, by name: back references, looking ahead and behind, word boundaries, possessive and atomic parts, conditions.
import { type ByteSet, bytesNamed, emptySet, posixClass, setOf } from './byte-set.js';

export type Node =
  | { readonly kind: 'bytes'; readonly set: ByteSet }
  | { readonly kind: 'sequence'; readonly parts: readonly Node[] }
  | { readonly kind: 'choice'; readonly parts: readonly Node[] }
  | { readonly kind: 'repeat'; readonly node: Node; readonly min: number; readonly max: number; readonly greedy: boolean }
  /** `group`: from 1; absent: it is not captured. */
  | { readonly kind: 'group'; readonly node: Node; readonly group?: number }
  | { readonly kind: 'start' | 'end' };

/** What is wrong with an expression, and where: characters from 0. */
export class ExpressionError extends Error {
  constructor(
    readonly what: string,
    readonly at: number,
  ) {
    super(`${what} at character ${at + 1}`);
    this.name = 'ExpressionError';
  }
}

const PATTERN_CHARACTERS_MAX = 4096;
const REPEAT_MAX = 1000;
const DEPTH_MAX = 100;
const CONTROL_ESCAPES: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, f: 12, v: 11, a: 7, e: 27, 0: 0 };
const COUNTED = /\{(\d{1,6})(?:(,)(\d{0,6}))?\}/y;

/** Reads one expression. */
class Reader {
  #at = 0;
  #groups = 0;
  #depth = 0;

  constructor(
    readonly text: string,
    readonly ignoreCase: boolean,
  ) {}

  whole(): { readonly node: Node; readonly groups: number } {
    const node = this.#choice();
    if (this.#at < this.text.length) this.#refuse('a ) without its (');
    return { node, groups: this.#groups };
  }

  #refuse(what: string, at = this.#at): never {
    throw new ExpressionError(what, at);
  }

  #takes(text: string): boolean {
    const found = this.text.startsWith(text, this.#at);
    if (found) this.#at += text.length;
    return found;
  }

  #choice(): Node {
    if (++this.#depth > DEPTH_MAX) this.#refuse(`more than ${DEPTH_MAX} groups in each other`);
    const parts = [this.#sequence()];
    while (this.#takes('|')) parts.push(this.#sequence());
    this.#depth--;
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : { kind: 'choice', parts };
  }

  #sequence(): Node {
    const parts: Node[] = [];
    while (this.#at < this.text.length && this.text[this.#at] !== '|' && this.text[this.#at] !== ')') {
      parts.push(this.#repeated(this.#atom()));
    }
    return { kind: 'sequence', parts };
  }

  #counts(): { readonly min: number; readonly max: number } | undefined {
    if (this.#takes('*')) return { min: 0, max: Number.POSITIVE_INFINITY };
    if (this.#takes('+')) return { min: 1, max: Number.POSITIVE_INFINITY };
    if (this.#takes('?')) return { min: 0, max: 1 };
    COUNTED.lastIndex = this.#at;
    const [all, least, comma, most] = COUNTED.exec(this.text) ?? [];
    if (all === undefined) return undefined;
    const min = Number(least);
    const max = comma === undefined ? min : most === '' || most === undefined ? Number.POSITIVE_INFINITY : Number(most);
    if (min > REPEAT_MAX || (Number.isFinite(max) && max > REPEAT_MAX)) this.#refuse(`more than ${REPEAT_MAX} repetitions`);
    if (max < min) this.#refuse('a repetition whose end is below its begin');
    this.#at += all.length;
    return { min, max };
  }

  #repeated(node: Node): Node {
    const from = this.#at;
    const counts = this.#counts();
    if (counts === undefined) return node;
    if (node.kind === 'start' || node.kind === 'end') this.#refuse('a repetition of nothing', from);
    if (this.#takes('+')) this.#refuse('a possessive repetition');
    const greedy = !this.#takes('?');
    if (this.text[this.#at] !== undefined && '*+?'.includes(this.text[this.#at] ?? '')) this.#refuse('a repetition of a repetition');
    return { kind: 'repeat', node, ...counts, greedy };
  }

  #atom(): Node {
    const from = this.#at;
    const letter = this.text[this.#at++] ?? '';
    if (letter === '(') return this.#group(from);
    if (letter === '[') return { kind: 'bytes', set: this.#class(from) };
    if (letter === '^') return { kind: 'start' };
    if (letter === '$') return { kind: 'end' };
    if (letter === '.') return { kind: 'bytes', set: bytesNamed('.') };
    if (letter === '\\') return this.#escape(from);
    if ('*+?'.includes(letter)) this.#refuse('a repetition of nothing', from);
    return { kind: 'bytes', set: this.#fold(setOf(letter.charCodeAt(0))) };
  }

  #group(from: number): Node {
    let group: number | undefined;
    if (this.#takes('?')) {
      if (!this.#takes(':')) {
        const name = /^P?<[A-Za-z_]\w*>/.exec(this.text.slice(this.#at, this.#at + 64))?.[0];
        if (name === undefined) this.#refuse('a group that no finite automaton has (only (…), (?:…) and (?<name>…) are read)', from);
        this.#at += name.length;
        group = ++this.#groups;
      }
    } else {
      if (this.text[this.#at] === '*') this.#refuse('a verb', from);
      group = ++this.#groups;
    }
    const node = this.#choice();
    if (!this.#takes(')')) this.#refuse('a ( without its )', from);
    return group === undefined ? { kind: 'group', node } : { kind: 'group', node, group };
  }

  #escape(from: number): Node {
    const letter = this.text[this.#at++];
    if (letter === undefined) this.#refuse('a \\ at the end', from);
    if (letter === 'A') return { kind: 'start' };
    if (letter === 'z') return { kind: 'end' };
    if (/[1-9]/.test(letter)) this.#refuse('a back reference', from);
    return { kind: 'bytes', set: this.#fold(this.#escaped(letter, from)) };
  }

  #escaped(letter: string, from: number): ByteSet {
    if ('dDwWsS'.includes(letter)) return bytesNamed(letter);
    const control = CONTROL_ESCAPES[letter];
    if (control !== undefined) return setOf(control);
    if (letter === 'x') {
      const [all, braced, plain] = /^(?:\{([0-9a-fA-F]{1,4})\}|([0-9a-fA-F]{1,2}))/.exec(this.text.slice(this.#at, this.#at + 8)) ?? [];
      const code = Number.parseInt(braced ?? plain ?? '', 16);
      if (all === undefined || code > 255) this.#refuse('\\x without a byte in hexadecimal', from);
      this.#at += all.length;
      return setOf(code);
    }
    if (/[A-Za-z0-9]/.test(letter)) this.#refuse(`\\${letter}, which no finite automaton has or weir does not know`, from);
    return setOf(letter.charCodeAt(0));
  }

  #fold(set: ByteSet): ByteSet {
    return this.ignoreCase ? set.folded() : set;
  }

  /** One member of a class, as a set; `single`: its code, where it is one byte. */
  #member(from: number): { readonly set: ByteSet; readonly single?: number } {
    const posix = /^\[:(\^?)([a-z]+):\]/.exec(this.text.slice(this.#at, this.#at + 16));
    if (posix !== null) {
      const named = posixClass(posix[2] ?? '');
      if (named === undefined) this.#refuse(`the unknown class ${posix[0]}`);
      this.#at += posix[0].length;
      return { set: posix[1] === '^' ? named.negated() : named };
    }
    const letter = this.text[this.#at++];
    if (letter === undefined) this.#refuse('a [ without its ]', from);
    if (letter.charCodeAt(0) > 127) this.#refuse('a letter beyond ASCII in a class: it has more than one byte');
    if (letter !== '\\') return { set: setOf(letter.charCodeAt(0)), single: letter.charCodeAt(0) };
    const escaped = this.text[this.#at++];
    if (escaped === undefined) this.#refuse('a [ without its ]', from);
    if (escaped === 'b') return { set: setOf(8), single: 8 };
    const set = this.#escaped(escaped, from);
    const single = set.single();
    return single === undefined ? { set } : { set, single };
  }

  #class(from: number): ByteSet {
    const negated = this.#takes('^');
    let set = emptySet;
    for (let first = true; first || this.text[this.#at] !== ']'; first = false) {
      const low = this.#member(from);
      const isRange = low.single !== undefined && this.text[this.#at] === '-' && this.text[this.#at + 1] !== ']';
      if (!isRange) {
        set = set.with(low.set);
        continue;
      }
      this.#at++;
      const high = this.#member(from);
      if (high.single === undefined || high.single < low.single) this.#refuse('a range that has no end or ends before it begins');
      set = set.with(setOf(low.single, high.single));
    }
    this.#at++;
    const folded = this.#fold(set);
    return negated ? folded.negated() : folded;
  }
}

/** Each character below 256: what a text is as bytes of UTF-8. */
const asBytes = (text: string): string => String.fromCharCode(...new TextEncoder().encode(text));

/** @throws ExpressionError for what is no expression or cannot be one of a finite automaton */
export function readExpression(pattern: string, ignoreCase: boolean): { readonly node: Node; readonly groups: number } {
  if (pattern.length > PATTERN_CHARACTERS_MAX) throw new ExpressionError(`more than ${PATTERN_CHARACTERS_MAX} characters`, 0);
  const flag = pattern.startsWith('(?i)');
  return new Reader(asBytes(flag ? pattern.slice(4) : pattern), ignoreCase || flag).whole();
}
