// `weir config explain`: the effective configuration in keepalived.conf's own language, with the origin of each value.
import { formatAddress } from '../../../model/address-text.js';
import { sameAddress } from '../../../model/identity.js';
import type { KeepalivedConfiguration } from '../../../model/keepalived/configuration.js';
import type { RealServer, VirtualServer } from '../../../model/keepalived/virtual-server.js';
import type { Diagnostic } from '../diagnostics/report.js';
import type { Keyword, Origin, Statement, Value, Values } from '../keyword.js';
import { rootKeywords } from '../keywords/root.js';
import { readHost } from '../to-model/virtual-server/endpoint.js';
import { blocksOf } from '../values/values.js';
import { argumentText, wordText } from './argument-text.js';
import {
  CHECK_KINDS,
  type Effective,
  effectiveChecker,
  effectiveInstance,
  effectiveRealServer,
  effectiveVirtualServer,
} from './effective.js';
import { originText, type Surrounding, sourceOf } from './origin.js';
import { isReadable } from './readable.js';

/** One line of output; `note` becomes a comment. */
interface Line {
  readonly depth: number;
  readonly text: string;
  readonly note?: string;
}

/** What all levels of blocks share. */
interface Shared {
  readonly globals?: Values;
  /** Messages about a line of the files, by `file:line`. */
  readonly messages: ReadonlyMap<string, readonly string[]>;
  /** Places whose messages were printed. */
  readonly shown: Set<string>;
  readonly configuration: KeepalivedConfiguration;
}

interface Level {
  readonly depth: number;
  readonly around: readonly Surrounding[];
  readonly effective: Effective;
  /** The virtual server that the block became; its real servers are searched in it. */
  readonly server?: VirtualServer;
  /** The real server that the block became; its checkers are searched in it. */
  readonly real?: RealServer;
}

const NOTHING: Effective = new Map();
const COMMENT_COLUMN = 44;

/** The origin, then the messages about the line. */
function noteAt(at: Origin, shared: Shared, more = ''): string {
  const place = originText(at);
  shared.shown.add(place);
  return [place + more, ...(shared.messages.get(place) ?? [])].join(' | ');
}

function statementLines(statement: Statement, depth: number, shared: Shared): readonly Line[] {
  const text = [statement.keyword, ...statement.words].map((word) => wordText(word.text)).join(' ');
  const note = noteAt(statement.keyword.at, shared);
  if (statement.body === undefined) return [{ depth, text, note }];
  return [
    { depth, text: `${text} {`, note },
    ...statement.body.flatMap((line) => statementLines(line, depth + 1, shared)),
    { depth, text: '}' },
  ];
}

const joined = (...parts: readonly string[]): string => parts.filter((part) => part !== '').join(' ');

/** `real_server 10.0.0.2 80`: with the effective port. */
function labelText(name: string, block: Values, server: RealServer | undefined): string {
  if (server !== undefined) return joined(name, formatAddress(server.address), String(server.port));
  return joined(name, ...block.label.map(({ text }) => wordText(text)));
}

/** Did this block become this virtual server? They have the same target. */
function isMadeOf(server: VirtualServer, { label }: Values): boolean {
  const [first, second] = label;
  const { target } = server;
  if (target.kind === 'group') return first?.text === 'group' && second?.text === target.group;
  if (target.key.kind === 'fwmark') return first?.text === 'fwmark' && Number(second?.text) === target.key.mark;
  const address = readHost(first?.text ?? '');
  return address !== undefined && sameAddress(address, target.key.address) && Number(second?.text ?? 0) === target.key.port;
}

const isServerOf = (server: RealServer, { label }: Values): boolean => {
  const address = readHost(label[0]?.text ?? '');
  return address !== undefined && sameAddress(address, server.address);
};

/** Pairs each block of a list with the object that it became, in order. Blocks that were dropped have no object. */
function paired<T>(blocks: readonly Values[], objects: readonly T[], fits: (object: T, block: Values) => boolean): Map<Values, T> {
  const pairs = new Map<Values, T>();
  let next = 0;
  for (const block of blocks) {
    const object = objects[next];
    if (object === undefined || !fits(object, block)) continue;
    pairs.set(block, object);
    next++;
  }
  return pairs;
}

/** What the blocks of one keyword became. */
function objectsOf(name: string, blocks: readonly Values[], level: Level, shared: Shared): Map<Values, Partial<Level>> {
  const { instances, virtualServers } = shared.configuration;
  switch (name) {
    case 'vrrp_instance': {
      const pairs = paired(blocks, instances, (instance, { label }) => instance.name === label[0]?.text);
      return new Map([...pairs].map(([block, instance]) => [block, { effective: effectiveInstance(instance) }]));
    }
    case 'virtual_server': {
      const pairs = paired(blocks, virtualServers, isMadeOf);
      return new Map([...pairs].map(([block, server]) => [block, { server, effective: effectiveVirtualServer(server) }]));
    }
    case 'real_server': {
      const pairs = paired(blocks, level.server?.realServers ?? [], isServerOf);
      return new Map([...pairs].map(([block, rs]) => [block, { real: rs, effective: effectiveRealServer(rs) }]));
    }
    default: {
      // Blocks and checkers do not correspond one to one: SMTP_CHECK makes one checker a host, and some are dropped.
      const checkers = (level.real?.checkers ?? []).filter(({ check }) => check.kind === CHECK_KINDS.get(name));
      if (checkers.length !== blocks.length) return new Map();
      const pairs = paired(blocks, checkers, () => true);
      return new Map([...pairs].map(([block, checker]) => [block, { effective: effectiveChecker(checker) }]));
    }
  }
}

/** `object`: what the block became. */
function blockLines(keyword: Keyword, { value }: Value, object: Partial<Level>, level: Level, shared: Shared): readonly Line[] {
  if (keyword.argument.kind !== 'block') return [];
  const block = value as Values;
  const around = [{ name: keyword.name, block }, ...level.around];
  const inside: Level = { depth: level.depth + 1, around, effective: NOTHING, ...object };
  return [
    { depth: level.depth, text: `${labelText(keyword.name, block, object.real)} {`, note: noteAt(block.at, shared) },
    ...bodyLines(block, keyword.argument.keywords(), inside, shared),
    { depth: level.depth, text: '}' },
    ...(level.depth === 0 ? [{ depth: 0, text: '' }] : []),
  ];
}

function listLines(keyword: Keyword, { value, at }: Value, { depth }: Level, shared: Shared): readonly Line[] {
  const named = Array.isArray(value) ? undefined : (value as Values);
  const lines = (named === undefined ? value : (named.of.get('lines')?.[0]?.value ?? [])) as readonly Statement[];
  const name = named === undefined ? keyword.name : labelText(keyword.name, named, undefined);
  return [
    { depth, text: `${name} {`, note: noteAt(at, shared) },
    ...lines.flatMap((line) => statementLines(line, depth + 1, shared)),
    { depth, text: '}' },
    ...(depth === 0 ? [{ depth: 0, text: '' }] : []),
  ];
}

/** A value written here. If another value is in force, it stands behind the last occurrence of the keyword. */
function writtenLines(keyword: Keyword, { value, at }: Value, isLast: boolean, level: Level, shared: Shared): readonly Line[] {
  const { depth, effective } = level;
  const written = argumentText(keyword.argument, value) ?? '';
  const holds = isLast ? (effective.get(keyword.name) ?? written) : written;
  return [{ depth, text: joined(keyword.name, holds), note: noteAt(at, shared, holds === written ? '' : ` (${written} written)`) }];
}

/**
 * A value that is not written but in force. If neither a builder nor a surrounding block sets it, it is printed as a comment: writing some
 * defaults would change their meaning (a smtp_server that is written is used).
 */
function unwrittenLines(keyword: Keyword, { depth, around, effective }: Level, shared: Shared): readonly Line[] {
  if (keyword.acted === 'accepted') return [];
  const source = sourceOf(keyword, around.slice(1), shared.globals);
  const holds = effective.get(keyword.name);
  const text = holds ?? source?.text;
  if (text === undefined) return [];
  const note = source?.text === text ? source.note : 'default';
  const stated = (holds !== undefined || source?.outside === true) && isReadable(keyword, text);
  return [{ depth, text: `${stated ? '' : '# '}${joined(keyword.name, text)}`, note }];
}

/** First the written lines in their order, since some keywords depend on the order; then the unwritten ones. */
function bodyLines(block: Values, table: readonly Keyword[], level: Level, shared: Shared): readonly Line[] {
  const messages = table.flatMap((keyword) => {
    const values = block.of.get(keyword.name) ?? [];
    const objects = keyword.argument.kind === 'block' ? objectsOf(keyword.name, blocksOf(block, keyword.name), level, shared) : undefined;
    return values.map((value, index) => ({
      order: value.order,
      lines: () =>
        objects !== undefined
          ? blockLines(keyword, value, objects.get(value.value as Values) ?? {}, level, shared)
          : keyword.argument.kind === 'lines'
            ? listLines(keyword, value, level, shared)
            : writtenLines(keyword, value, index === values.length - 1, level, shared),
    }));
  });
  const unwritten = level.depth === 0 ? [] : table.filter(({ name }) => !block.of.has(name));
  return [
    ...messages.sort((one, other) => one.order - other.order).flatMap(({ lines }) => lines()),
    ...unwritten.flatMap((keyword) => unwrittenLines(keyword, level, shared)),
  ];
}

function lineText({ depth, text, note }: Line): string {
  const start = '    '.repeat(depth) + text;
  return note === undefined ? start : `${start.padEnd(COMMENT_COLUMN - 1)} # ${note.replace(/[\r\n]+/g, ' ')}`;
}

/** Messages printed beside one line. A sequence can produce thousands of objects on a line, each with its own message. */
const MESSAGES_PER_LINE_MAX = 3;

/** By `file:line`, each message once; further messages are counted. */
function messagesAt(diagnostics: readonly Diagnostic[]): ReadonlyMap<string, readonly string[]> {
  const all = new Map<string, Set<string>>();
  for (const { at, text } of diagnostics) {
    const place = originText(at);
    const texts = all.get(place);
    if (texts === undefined) all.set(place, new Set([text]));
    else texts.add(text);
  }
  return new Map(
    [...all].map(([place, texts]) => {
      const more = texts.size - MESSAGES_PER_LINE_MAX;
      return [place, [...[...texts].slice(0, MESSAGES_PER_LINE_MAX), ...(more > 0 ? [`… ${more} more`] : [])]];
    }),
  );
}

/**
 * The text of a file with the same meaning as the files that were read. Behind each value stands its origin (`FILE:LINE`, `default`, or the
 * block it comes from), the messages about it, and the written value if another one is in force. What the language cannot express is
 * printed as comments; messages about ignored words come last.
 */
export function explain(root: Values, configuration: KeepalivedConfiguration, diagnostics: readonly Diagnostic[]): string {
  const messages = messagesAt(diagnostics);
  const globals = root.of.get('global_defs')?.at(-1)?.value as Values | undefined;
  const shared: Shared = { messages, shown: new Set(), configuration, ...(globals === undefined ? {} : { globals }) };
  const lines = bodyLines(root, rootKeywords, { depth: 0, around: [], effective: NOTHING }, shared).map(lineText);
  const left = [...messages].filter(([place]) => !shared.shown.has(place));
  const lost = left.flatMap(([place, texts]) => texts.map((text) => `# ${place}: ${text.replace(/[\r\n]+/g, ' ')}`));
  return [...lines, ...(lost.length === 0 ? [] : ['# Messages about lines that are not above:', ...lost]), ''].join('\n');
}
