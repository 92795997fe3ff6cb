// A block of keepalived.conf as keys of a weir.yaml, read by keepalived's own tables, so that it means the same in both files.
import { type Failure, failure } from '../../model/errors/weir-error.js';
import type { Json } from '../../model/json.js';
import type { CheckTree } from '../../model/layer7/pool-checks.js';
import { nearest } from '../../model/nearest.js';
import { type Diagnostic, reportTo } from '../keepalived/diagnostics/report.js';
import type { Keyword, Origin, Statement, Word } from '../keepalived/keyword.js';
import { splitWords } from '../keepalived/lines/split-words.js';
import { written } from '../keepalived/lines/text.js';
import type { Report, Shape } from './shape.js';
import type { Place, YamlEntry, YamlValue } from './yaml-value.js';

export const keywordsOf = ({ argument }: Keyword): readonly Keyword[] | undefined =>
  argument.kind === 'block' ? argument.keywords() : undefined;

function schemaOf(keyword: Keyword): Json {
  const inner = keywordsOf(keyword);
  const one: Json =
    inner === undefined ? { type: ['string', 'number', 'boolean', 'null'] } : { anyOf: [schemaOfBlock(inner), { type: 'null' }] };
  const many: Json = { anyOf: [one, { type: 'array', items: one }] };
  return keyword.repeated === true || inner !== undefined ? many : one;
}

const schemaOfBlock = (block: readonly Keyword[]): Json => ({
  type: 'object',
  additionalProperties: false,
  properties: Object.fromEntries(
    block.map((keyword) => [keyword.name, { ...(schemaOf(keyword) as object), description: keyword.meaning }]),
  ),
});

/** What stands in the file: as the model keeps it for the writer, and as statements of keepalived.conf. */
export interface WrittenBlock {
  readonly at: Place;
  readonly tree: CheckTree;
  readonly statements: readonly Statement[];
}

export const originOf = ({ line, column }: Place): Origin => ({ file: '', line, column });

function treeOf(value: YamlValue): CheckTree {
  if (value.kind === 'scalar') return value.value;
  if (value.kind === 'list') return value.items.map(treeOf);
  return Object.fromEntries(value.entries.map(({ key, value: one }) => [key, treeOf(one)]));
}

/** Arguments that are one word of keepalived.conf, whatever is in them. */
const ONE_WORD = new Set(['text', 'script', 'address', 'choice', 'integer', 'time']);

/** The line behind a keyword. undefined: `false` for a flag, which is not written then. */
function argumentOf(
  { argument }: Keyword,
  { value, at }: YamlValue & { readonly kind: 'scalar' },
): Pick<Statement, 'words' | 'raw'> | undefined {
  if (value === null || value === true) return argument.kind === 'boolean' && value === true ? lineOf('true', at) : { words: [], raw: '' };
  if (value === false) return argument.kind === 'flag' ? undefined : lineOf('false', at);
  const text = String(value);
  if (!ONE_WORD.has(argument.kind) || text.includes('"')) return lineOf(text, at);
  return { words: [{ text, at: originOf(at), quoted: true }], raw: `"${text}"` };
}

const lineOf = (text: string, at: Place): Pick<Statement, 'words' | 'raw'> => ({
  words: splitWords(written(text, '', at.line)).words.map((word): Word => ({ ...word, at: originOf(at) })),
  raw: text,
});

function statementsOf(entry: YamlEntry, table: readonly Keyword[], report: Report): readonly Statement[] {
  const keyword = table.find(({ name }) => name === entry.key);
  if (keyword === undefined) {
    const known = table.map(({ name }) => name);
    report(entry.at, failure('file-key-unknown', { key: entry.key, known: known.join(', '), meant: nearest(entry.key, known) }));
    return [];
  }
  const word: Word = { text: keyword.name, at: originOf(entry.at), quoted: false };
  const inner = keywordsOf(keyword);
  const values = entry.value.kind === 'list' ? entry.value.items : [entry.value];
  return values.flatMap((value): readonly Statement[] => {
    if (inner !== undefined) {
      const isEmpty = value.kind === 'scalar' && value.value === null;
      if (value.kind === 'map') return [{ keyword: word, words: [], raw: '', body: bodyOf(value.entries, inner, report) }];
      if (isEmpty) return [{ keyword: word, words: [], raw: '', body: [] }];
    }
    const line =
      inner === undefined && value.kind === 'scalar' && !/[\n\0]/.test(String(value.value)) ? argumentOf(keyword, value) : undefined;
    if (line !== undefined) return [{ keyword: word, ...line }];
    const isLeftOut = inner === undefined && value.kind === 'scalar' && value.value === false;
    if (!isLeftOut)
      report(
        value.at,
        failure('file-value', { expected: inner === undefined ? 'one line' : 'keys with values', given: `this, for ${keyword.name}` }),
      );
    return [];
  });
}

const bodyOf = (entries: readonly YamlEntry[], table: readonly Keyword[], report: Report): readonly Statement[] =>
  entries.flatMap((entry) => statementsOf(entry, table, report));

/** A block with these keywords. `expected`: as messages name it. */
export const keepalivedBlock = (keywords: readonly Keyword[], expected: string): Shape<WrittenBlock> => ({
  expected,
  schema: schemaOfBlock(keywords),
  read(value, report) {
    if (value.kind !== 'map') return void report(value.at, failure('file-value', { expected, given: 'no keys', meant: undefined }));
    return { at: value.at, tree: treeOf(value), statements: bodyOf(value.entries, keywords, report) };
  },
});

/** A statement that the file does not have, at a place of it. */
export const statement = (keyword: string, words: readonly string[], at: Place, body?: readonly Statement[]): Statement => ({
  keyword: { text: keyword, at: originOf(at), quoted: false },
  words: words.map((text): Word => ({ text, at: originOf(at), quoted: true })),
  raw: words.join(' '),
  ...(body === undefined ? {} : { body }),
});

/** A diagnostic after which keepalived reads no further. */
class Stopped extends Error {}

const faultOf = ({ text, hint }: Diagnostic): Failure => failure('file-check', { text, hint });

type IsFault = (diagnostic: Diagnostic) => boolean;

/** What `build` makes, with what keepalived would report of it as faults, where it is one. undefined: it stopped. */
export function builtByKeepalived<T>(
  report: Report,
  build: (take: ReturnType<typeof reportTo>) => T,
  isFault: IsFault = () => true,
): T | undefined {
  const take = reportTo((diagnostic) => {
    if (isFault(diagnostic)) report(diagnostic.at, faultOf(diagnostic));
    if (diagnostic.severity === 'fatal') throw new Stopped();
  });
  try {
    return build(take);
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    return undefined;
  }
}
