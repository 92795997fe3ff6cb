// The health checks of a pool: keepalived's words as keys of YAML, read by keepalived's own tables, so that a check means the same in both files.
import { formatAddress } from '../../model/address-text.js';
import { failure } from '../../model/errors/weir-error.js';
import type { Json } from '../../model/json.js';
import type { CheckTree, PoolChecks } from '../../model/layer7/pool-checks.js';
import { nearest } from '../../model/nearest.js';
import { type DestinationKey, PLAIN_TUNNEL } from '../../model/service.js';
import { type Diagnostic, reportTo } from '../keepalived/diagnostics/report.js';
import type { Keyword, Origin, Statement, Word } from '../keepalived/keyword.js';
import { realServerKeyword } from '../keepalived/keywords/virtual-server/real-server.js';
import { splitWords } from '../keepalived/lines/split-words.js';
import { written } from '../keepalived/lines/text.js';
import { buildRealServer } from '../keepalived/to-model/virtual-server/real-server.js';
import { readBlock } from '../keepalived/values/read-block.js';
import type { Report, Shape } from './shape.js';
import type { Place, YamlEntry, YamlValue } from './yaml-value.js';

const SECOND_US = 1_000_000;

const keywordsOf = ({ argument }: Keyword): readonly Keyword[] | undefined => (argument.kind === 'block' ? argument.keywords() : undefined);

/** Of a real server what is no matter of LVS, and of its checks those that are about this server alone. */
const OTHERS = new Set([
  ...['weight', 'lvs_method', 'uthreshold', 'lthreshold', 'inhibit_on_failure', 'snmp_name', 'smtp_alert', 'notify_up', 'notify_down'],
  ...['FILE_CHECK', 'BFD_CHECK', 'VIP_CHECK'],
]);
const keywords = (keywordsOf(realServerKeyword) ?? []).filter(({ name }) => !OTHERS.has(name));

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

/** What stands under `checks`: as the model keeps it for the writer, and as statements of keepalived.conf. */
export interface WrittenChecks {
  readonly at: Place;
  readonly tree: CheckTree;
  readonly statements: readonly Statement[];
}

const originOf = ({ line, column }: Place): Origin => ({ file: '', line, column });

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

export const checksShape: Shape<WrittenChecks> = {
  expected: 'health checks, in the words of keepalived.conf',
  schema: schemaOfBlock(keywords),
  read(value, report) {
    if (value.kind !== 'map')
      return void report(value.at, failure('file-value', { expected: this.expected, given: 'no keys', meant: undefined }));
    return { at: value.at, tree: treeOf(value), statements: bodyOf(value.entries, keywords, report) };
  },
};

/** A diagnostic after which keepalived reads no further. */
class Stopped extends Error {}

const faultOf = ({ text, hint }: Diagnostic) => failure('file-check', { text, hint });

/** The checks of a pool whose first server is this. undefined: they cannot be used, which was reported. */
export function checksOf({ at, tree, statements }: WrittenChecks, server: DestinationKey, report: Report): PoolChecks | undefined {
  const take = reportTo((diagnostic) => {
    report(diagnostic.at, faultOf(diagnostic));
    if (diagnostic.severity === 'fatal') throw new Stopped();
  });
  const label = [formatAddress(server.address), String(server.port)].map((text): Word => ({ text, at: originOf(at), quoted: false }));
  try {
    const values = readBlock(statements, keywords, label, originOf(at), take);
    const real = buildRealServer(values, 'pool', {
      protocol: 'tcp',
      port: server.port,
      forwarding: { method: 'masq', tunnel: PLAIN_TUNNEL },
      service: { protocol: 'tcp', vips: [] },
      weight: 1,
      inhibitOnFailure: false,
      slowStartUs: 0,
      smtpAlert: false,
      timing: { alpha: false, connectTimeoutUs: 5 * SECOND_US, delayLoopUs: 60 * SECOND_US, rise: 1, fall: 1, logAllFailures: false },
      files: [],
      bfds: [],
      report: take,
    });
    if (real === undefined) return undefined;
    if (real.checkers.length === 0) report(at, failure('file-check', { text: 'there is no check', hint: 'TCP_CHECK: {}' }));
    const { checkers, slowStartUs, virtualHost } = real;
    return { tree, checkers, slowStartUs, ...(virtualHost === undefined ? {} : { virtualHost }) };
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    return undefined;
  }
}
