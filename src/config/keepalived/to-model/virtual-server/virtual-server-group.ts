// virtual_server_group: its lines become members.

import type { Address } from '../../../../model/address.js';
import { ipv6Groups, parseIpv4, parseIpv6 } from '../../../../model/address-text.js';
import type { GroupMember, VirtualServerGroup } from '../../../../model/keepalived/virtual-server.js';
import { type Report, reportProblem } from '../../diagnostics/report.js';
import type { Statement, Values, Word } from '../../keyword.js';
import { readWhole, UNSIGNED_MAX } from '../../values/number.js';
import { blocksOf, linesOf, lineWords, nameOf } from '../../values/values.js';
import { readPort } from './endpoint.js';

type RangeProblem =
  | 'group-netmask-invalid'
  | 'group-netmask-host-bits'
  | 'group-range-large'
  | 'group-range-backwards'
  | 'group-range-trailing-characters'
  | 'group-range-end-large'
  | 'group-range-end-low';

/** Addresses from the first one on, or what is wrong with the word. */
type Range =
  | { readonly first: Address; readonly count: number }
  | { readonly problem: RangeProblem; readonly text: string; readonly end: string };

const refused = (problem: RangeProblem, text: string, end = ''): Range => ({ problem, text, end });

const bits = (address: Address): bigint => address.words.reduce((sum, word) => (sum << 32n) | BigInt(word), 0n);
const parse = (text: string): Address | undefined => parseIpv4(text) ?? parseIpv6(text);
/** No table holds more services (`weir load --max-services`): a larger range is a typing error, and working it out would take minutes. */
const RANGE_ADDRESSES_MAX = 1n << 16n;

function network(text: string, base: string, length: string): Range | undefined {
  const first = parse(base);
  if (first === undefined) return undefined;
  const width = first.family === 'inet' ? 32 : 128;
  const prefix = Number(length);
  if (!/^\d{1,3}$/.test(length) || prefix < 1 || prefix > width) return refused('group-netmask-invalid', text);
  const count = 1n << BigInt(width - prefix);
  if (bits(first) % count !== 0n) return refused('group-netmask-host-bits', text);
  if (count > RANGE_ADDRESSES_MAX) return refused('group-range-large', text);
  return { first, count: Number(count) };
}

/** `A-B`, two whole addresses of one family. */
function between(text: string, from: Address, to: Address): Range | undefined {
  if (from.family !== to.family) return undefined;
  const count = bits(to) - bits(from) + 1n;
  if (count < 1n) return refused('group-range-backwards', text);
  if (count > RANGE_ADDRESSES_MAX) return refused('group-range-large', text);
  return { first: from, count: Number(count) };
}

/** `a.b.c.d-e`: the last octet (IPv4, decimal) or group (IPv6, hexadecimal). */
function lastPart(text: string, from: Address, end: string): Range {
  const inet = from.family === 'inet';
  const digits = (inet ? /^\d*/ : /^[0-9a-fA-F]*/).exec(end)?.[0] ?? '';
  const rest = end.slice(digits.length);
  if (rest !== '') return refused('group-range-trailing-characters', text, rest);
  const last = digits === '' ? 0 : Number.parseInt(digits, inet ? 10 : 16);
  if (last > (inet ? 255 : 0xffff)) return refused('group-range-end-large', text, end);
  const start = inet ? (from.words[0] ?? 0) & 0xff : (ipv6Groups(from)[7] ?? 0);
  if (last <= start) return refused('group-range-end-low', text);
  return { first: from, count: last - start + 1 };
}

function readRange(text: string): Range | undefined {
  const slash = text.indexOf('/');
  if (slash >= 0) return network(text, text.slice(0, slash), text.slice(slash + 1));
  const dash = text.indexOf('-');
  if (dash < 0) {
    const first = parse(text);
    return first === undefined ? undefined : { first, count: 1 };
  }
  const from = parse(text.slice(0, dash));
  if (from === undefined) return undefined;
  const end = text.slice(dash + 1);
  if (!/[.:]/.test(end)) return lastPart(text, from, end);
  const to = parse(end);
  return to === undefined ? undefined : between(text, from, to);
}

function readMark(words: readonly Word[], line: Statement, name: string, report: Report): GroupMember | undefined {
  const [word, family] = words;
  if (word === undefined) {
    report('argument-missing', line.keyword.at, { keyword: 'fwmark', after: 'fwmark', position: 2 });
    return undefined;
  }
  const { value: mark, problem } = readWhole(word.text, { min: 0, max: UNSIGNED_MAX });
  if (problem !== undefined) reportProblem(report, word.at, problem);
  if (mark === undefined) {
    report('group-fwmark-invalid', word.at, { name, word: word.text });
    return undefined;
  }
  if (family === undefined) return { kind: 'fwmark', mark };
  if (family.text === 'inet' || family.text === 'inet6') return { kind: 'fwmark', mark, family: family.text };
  report('group-fwmark-family-unknown', family.at, { name, word: word.text, family: family.text });
  return undefined;
}

function readMember(line: Statement, name: string, report: Report): GroupMember | undefined {
  const [first, port] = lineWords(line);
  if (first === undefined) return undefined;
  if (first.text === 'fwmark') return readMark(line.words, line, name, report);
  const number = readPort(port, report);
  const range = number === undefined ? undefined : readRange(first.text);
  if (number === undefined || range === undefined) {
    const tail = port === undefined ? '' : `/port/${port.text}`;
    report('group-address-invalid', first.at, { word: first.text, tail });
    return undefined;
  }
  if ('problem' in range) {
    report(range.problem, first.at, { text: range.text, end: range.end });
    return undefined;
  }
  return { kind: 'range', ...range, port: number };
}

/** With addresses of both families in a group, a firewall mark must name its family. */
function mixed(members: readonly GroupMember[]): boolean {
  const families = new Set(members.flatMap((member) => (member.kind === 'range' ? [member.first.family] : [])));
  return families.size > 1 && members.some((member) => member.kind === 'fwmark' && member.family === undefined);
}

function buildGroup(block: Values, report: Report): VirtualServerGroup | undefined {
  const name = nameOf(block);
  const members = linesOf(block, 'lines').flatMap((line) => readMember(line, name, report) ?? []);
  const problem = members.length === 0 ? 'group-empty' : mixed(members) ? 'group-mixed' : undefined;
  if (problem === undefined) return { name, members };
  report(problem, block.at, { name });
  return undefined;
}

export const buildVirtualServerGroups = (root: Values, report: Report): readonly VirtualServerGroup[] =>
  blocksOf(root, 'virtual_server_group').flatMap((block) => buildGroup(block, report) ?? []);
