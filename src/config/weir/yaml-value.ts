// The text of a weir.yaml as values, each with its place. Of YAML what JSON has, with comments and in blocks: anchors, aliases, tags and merge keys are
// refused, so that a small text cannot become a large configuration.
import { isAlias, isMap, isScalar, isSeq, Lexer, LineCounter, type Node, type Pair, parseDocument } from 'yaml';
import { type Failure, failure } from '../../model/errors/weir-error.js';

/** From 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export interface Fault {
  readonly at: Place;
  readonly failure: Failure;
}

export interface YamlEntry {
  readonly key: string;
  readonly at: Place;
  readonly value: YamlValue;
}

export type YamlValue = { readonly at: Place } & (
  | { readonly kind: 'map'; readonly entries: readonly YamlEntry[] }
  | { readonly kind: 'list'; readonly items: readonly YamlValue[] }
  | { readonly kind: 'scalar'; readonly value: string | number | boolean | null }
);

const TEXT_MAX = 4 * 1024 * 1024;
/** Levels of [ and {, and the columns in which the levels of blocks begin. */
const DEPTH_MAX = 100;
const INDENT_MAX = 2 * DEPTH_MAX;
/** What the lexer begins a document with. */
const DOCUMENT = '\u0002';
const START: Place = { line: 1, column: 1 };

type Report = (at: Place, failure: Failure) => void;

class Values {
  constructor(
    readonly lines: LineCounter,
    readonly report: Report,
  ) {}

  place(node: { readonly range?: readonly number[] | null | undefined } | null): Place {
    const { line, col } = this.lines.linePos(node?.range?.[0] ?? 0);
    return { line, column: col };
  }

  of(node: Node | null, fallback: Place): YamlValue {
    if (node === null) return { kind: 'scalar', value: null, at: fallback };
    const at = this.place(node);
    if (isAlias(node)) this.report(at, failure('file-yaml-feature', { feature: 'an alias (*)' }));
    else if (node.anchor !== undefined) this.report(at, failure('file-yaml-feature', { feature: 'an anchor (&)' }));
    else if (node.tag?.startsWith('!')) this.report(at, failure('file-yaml-feature', { feature: `the tag ${node.tag}` }));
    if (isMap(node)) return { kind: 'map', at, entries: this.#entries(node.items as Pair<Node, Node | null>[]) };
    if (isSeq(node)) return { kind: 'list', at, items: node.items.map((item) => this.of(item as Node, at)) };
    const value = isScalar(node) ? node.value : null;
    return { kind: 'scalar', at, value: typeof value === 'bigint' ? Number(value) : (value as string | number | boolean | null) };
  }

  /** Keys that are there twice are found here: the parser would compare each with all before it. */
  #entries(pairs: readonly Pair<Node, Node | null>[]): readonly YamlEntry[] {
    const seen = new Set<string>();
    return pairs.flatMap(({ key, value }) => {
      const at = this.place(key);
      if (!isScalar(key) || key.value === null) {
        this.report(at, failure('file-yaml-feature', { feature: 'a key that is no text' }));
        return [];
      }
      const name = String(key.value);
      if (seen.has(name)) this.report(at, failure('file-no-yaml', { why: 'Map keys must be unique' }));
      seen.add(name);
      return [{ key: name, at, value: this.of(value, at) }];
    });
  }
}

/** Whether a text is nested deeper than the parser's stack may be sure to take: where that ends it can end the process. */
function isTooDeep(text: string): boolean {
  let [open, indent, isIndent] = [0, 0, true];
  for (const token of new Lexer().lex(text)) {
    if (token === '[' || token === '{') open++;
    else if (token === ']' || token === '}') open--;
    if (token.endsWith('\n')) [indent, isIndent] = [0, true];
    else if (isIndent && /^[ \t?:-]+$/.test(token)) indent += token.length;
    else if (token !== DOCUMENT) isIndent = false;
    if (open > DEPTH_MAX || indent > INDENT_MAX) return true;
  }
  return false;
}

/** The value of a file; undefined where it is no YAML. Faults are in the order of the text. */
export function readYaml(text: string): { readonly value: YamlValue | undefined; readonly faults: readonly Fault[] } {
  const faults: Fault[] = [];
  const refused = (why: Failure) => ({ value: undefined, faults: [{ at: START, failure: why }] });
  if (text.length > TEXT_MAX) return refused(failure('file-too-large', { max: TEXT_MAX }));
  if (isTooDeep(text)) return refused(failure('file-no-yaml', { why: `it is nested more than ${DEPTH_MAX} levels deep` }));
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false, merge: false, intAsBigInt: false });
  const wrong = [...document.errors, ...document.warnings];
  for (const { message, pos } of wrong) {
    const { line, col } = lines.linePos(pos[0]);
    faults.push({ at: { line, column: col }, failure: failure('file-no-yaml', { why: message }) });
  }
  if (wrong.length > 0) return { value: undefined, faults };
  const values = new Values(lines, (at, what) => void faults.push({ at, failure: what }));
  return { value: values.of(document.contents, START), faults };
}
