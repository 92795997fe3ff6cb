// Reads files into a KeepalivedConfiguration, with all diagnostics in the order in which they were found.
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import { type Diagnostic, diagnosticOf, type Report, reportTo } from './diagnostics/report.js';
import type { Values } from './keyword.js';
import { rootKeywords } from './keywords/root.js';
import type { ConfigFiles } from './lines/config-files.js';
import { type FlattenOptions, flatten } from './lines/flatten.js';
import { blocksByKeyword, placeHint } from './statements/keyword-places.js';
import { parseTree } from './statements/tree.js';
import { buildBfds } from './to-model/bfd.js';
import { type NameFolders, NO_NAMES, type NumberNames } from './to-model/network/number-names.js';
import { optional } from './to-model/optional-property.js';
import { buildSsl } from './to-model/virtual-server/ssl.js';
import { buildVirtualServers } from './to-model/virtual-server/virtual-server.js';
import { buildVirtualServerGroups } from './to-model/virtual-server/virtual-server-group.js';
import type { ReadKeyFile } from './to-model/vrrp/auth-hmac.js';
import { buildVrrp } from './to-model/vrrp/vrrp.js';
import { readBlock } from './values/read-block.js';
import { blocksOf, NOTHING, textOf } from './values/values.js';

export interface ReadOptions extends FlattenOptions {
  /** Names of routing tables, protocols, scopes … from the host's iproute2; absent: only numbers are understood. */
  readonly names?: (folders: NameFolders) => NumberNames;
  /** Reads the key files of auth_hmac; absent: such keys stay paths. */
  readonly keyFile?: ReadKeyFile;
}

/** The result. `configuration` is absent if reading ended early; `values` has what was read until then. */
export interface ReadConfiguration {
  readonly configuration?: KeepalivedConfiguration;
  readonly diagnostics: readonly Diagnostic[];
  readonly values: Values;
}

/** The limit of stored messages: a file full of errors would fill the memory. */
const DIAGNOSTICS_MAX = 10_000;

/** A fatal diagnostic was reported; nothing after it is read. */
class Stopped extends Error {}

/** Made at the first unknown keyword: most files have none. */
let blocks: ReadonlyMap<string, readonly string[]> | undefined;

/** If the keyword is known in another block, that place is a better hint than a similar name. */
function keywordPlaceHint(keyword: string): string | undefined {
  blocks ??= blocksByKeyword(rootKeywords);
  return placeHint(blocks.get(keyword));
}

function withPlace(diagnostic: Diagnostic): Diagnostic {
  const { code, at, details, severity } = diagnostic;
  if (code !== 'keyword-unknown') return diagnostic;
  return diagnosticOf(code, at, { ...details, place: keywordPlaceHint(String(details['keyword'])) }, severity);
}

/** Messages quote text, which may be a line of 60,000 characters. */
const TEXT_LENGTH_MAX = 1_000;
const shortened = (text: string): string => (text.length <= TEXT_LENGTH_MAX ? text : `${text.slice(0, TEXT_LENGTH_MAX)}…`);

function bounded(reported: Diagnostic): Diagnostic {
  const { text, hint, details } = reported;
  if (text.length <= TEXT_LENGTH_MAX && (hint?.length ?? 0) <= TEXT_LENGTH_MAX) return reported;
  return {
    ...reported,
    text: shortened(text),
    ...(hint === undefined ? {} : { hint: shortened(hint) }),
    details: Object.fromEntries(Object.entries(details).map(([key, value]) => [key, typeof value === 'string' ? shortened(value) : value])),
  };
}

/** Collects diagnostics, each text and place once; throws Stopped after a fatal one. */
class Collector {
  readonly diagnostics: Diagnostic[] = [];
  readonly #seen = new Set<string>();
  #left = 0;

  readonly report = reportTo((reported) => {
    const diagnostic = bounded(withPlace(reported));
    const { at, text, severity } = diagnostic;
    const key = `${at.file}:${at.line}:${at.column}:${text}`;
    if (!this.#seen.has(key)) {
      if (this.diagnostics.length < DIAGNOSTICS_MAX || severity === 'fatal') this.diagnostics.push(diagnostic);
      else this.#left++;
      if (this.#seen.size < DIAGNOSTICS_MAX) this.#seen.add(key);
    }
    if (severity === 'fatal') throw new Stopped();
  });

  all(): readonly Diagnostic[] {
    const last = this.diagnostics.at(-1);
    if (this.#left === 0 || last === undefined) return this.diagnostics;
    return [...this.diagnostics, diagnosticOf('messages-left-out', last.at, { count: this.#left })];
  }
}

/** From global_defs, which may follow the lines that use the names. */
function nameFolders(root: Values): NameFolders {
  const global = blocksOf(root, 'global_defs').at(-1) ?? NOTHING;
  return { ...optional('usr', textOf(global, 'iproute_usr_dir')), ...optional('etc', textOf(global, 'iproute_etc_dir')) };
}

function build(root: Values, options: ReadOptions, report: Report): KeepalivedConfiguration {
  const bfds = buildBfds(root, report);
  const names = options.names?.(nameFolders(root)) ?? NO_NAMES;
  const { keyFile } = options;
  const vrrp = buildVrrp(root, { names, keyFile, bfds: bfds.filter(({ events }) => events.vrrp), report });
  const groups = buildVirtualServerGroups(root, report);
  const ssl = buildSsl(root, report);
  return {
    ...vrrp,
    bfds,
    ...(ssl === undefined ? {} : { ssl }),
    virtualServerGroups: groups,
    virtualServers: buildVirtualServers(root, { global: vrrp.global, groups, files: vrrp.files, bfds, report }),
  };
}

/** Reads the files that `options.path` names. Never throws because of their contents. */
export function readKeepalived(files: ConfigFiles, options: ReadOptions): ReadConfiguration {
  const collector = new Collector();
  const { report } = collector;
  const at = { file: options.path, line: 1, column: 1 };
  let values: Values = { label: [], at, of: new Map() };
  try {
    const statements = parseTree(flatten(files, options, report), rootKeywords, report);
    values = readBlock(statements, rootKeywords, [], at, report);
    const configuration = build(values, options, report);
    return { configuration, diagnostics: collector.all(), values };
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    return { diagnostics: collector.all(), values };
  }
}
