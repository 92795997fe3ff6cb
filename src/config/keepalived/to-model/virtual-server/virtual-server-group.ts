// virtual_server_group: its lines to members.

import type { Address } from '../../../../model/address.js';
import { ipv6Groups, parseIpv4, parseIpv6 } from '../../../../model/address-text.js';
import type { GroupMember, VirtualServerGroup } from '../../../../model/keepalived/virtual-server.js';
import type { Report, Statement, Values, Word } from '../../keyword.js';
import { readWhole } from '../../values/number.js';
import { blocksOf, linesOf, lineWords, nameOf } from '../../values/values.js';
import { tellError } from '../report.js';
import { readPort } from './endpoint.js';

/** Addresses from the first one on. `problem`: what keepalived says about the word. */
type Range = { readonly first: Address; readonly count: number } | { readonly problem: string };

const bits = (address: Address): bigint => address.words.reduce((sum, word) => (sum << 32n) | BigInt(word), 0n);
const parse = (text: string): Address | undefined => parseIpv4(text) ?? parseIpv6(text);
/** More than these are a typing error, and no table holds them. */
const MOST = 1n << 24n;

function network(text: string, base: string, length: string): Range | undefined {
  const first = parse(base);
  if (first === undefined) return undefined;
  const width = first.family === 'inet' ? 32 : 128;
  const prefix = Number(length);
  if (!/^\d{1,3}$/.test(length) || prefix < 1 || prefix > width) return { problem: `Invalid netmask - ${text} - skipping` };
  const count = 1n << BigInt(width - prefix);
  if (bits(first) % count !== 0n) return { problem: `Address mask bits not empty - ${text} - skipping` };
  if (count > MOST) return { problem: `Address range ${text} is too large - skipping` };
  return { first, count: Number(count) };
}

/** `A-B`, both whole addresses of one family. */
function between(text: string, from: Address, to: Address): Range | undefined {
  if (from.family !== to.family) return undefined;
  const count = bits(to) - bits(from) + 1n;
  if (count < 1n) return { problem: `Address range end is less than address range start - ${text} - skipping` };
  if (count > MOST) return { problem: `Address range ${text} is too large - skipping` };
  return { first: from, count: Number(count) };
}

/** `a.b.c.d-e`: the last octet (IPv4, decimal) or group (IPv6, hexadecimal). */
function lastPart(text: string, from: Address, end: string): Range {
  const inet = from.family === 'inet';
  const digits = (inet ? /^\d*/ : /^[0-9a-fA-F]*/).exec(end)?.[0] ?? '';
  const rest = end.slice(digits.length);
  if (rest !== '') return { problem: `Virtual server group range '${text}' has extra characters at end '${rest}'` };
  const last = digits === '' ? 0 : Number.parseInt(digits, inet ? 10 : 16);
  if (last > (inet ? 255 : 0xffff)) return { problem: `Virtual server group range '${text}' end '${end}' too large` };
  const start = inet ? (from.words[0] ?? 0) & 0xff : (ipv6Groups(from)[7] ?? 0);
  if (last <= start) return { problem: `Address range end is not greater than address range start - ${text} - skipping` };
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
    const text = '*** Configuration line starting `fwmark` is missing a parameter after keyword `fwmark` at word position 2';
    report({ severity: 'fatal', at: line.keyword.at, text });
    return undefined;
  }
  const { value: mark, problem } = readWhole(word.text, { min: 0, max: 0xffffffff });
  if (problem !== undefined) tellError(report, word.at, problem);
  if (mark === undefined) {
    tellError(report, word.at, `(${name}): fwmark '${word.text}' must be in [0, 4294967295] - ignoring`);
    return undefined;
  }
  if (family === undefined) return { kind: 'fwmark', mark };
  if (family.text === 'inet' || family.text === 'inet6') return { kind: 'fwmark', mark, family: family.text };
  tellError(report, family.at, `(${name}): fwmark '${word.text}' family ${family.text} unknown - ignoring`, 'inet or inet6');
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
    tellError(report, first.at, `Invalid virtual server group IP address ${first.text} ${tail} - skipping`);
    return undefined;
  }
  if ('problem' in range) {
    tellError(report, first.at, range.problem);
    return undefined;
  }
  return { kind: 'range', ...range, port: number };
}

/** Families of the addresses, and whether a mark leaves its family open: with both families a mark must say which it is of. */
function mixed(members: readonly GroupMember[]): boolean {
  const families = new Set(members.flatMap((member) => (member.kind === 'range' ? [member.first.family] : [])));
  return families.size > 1 && members.some((member) => member.kind === 'fwmark' && member.family === undefined);
}

function buildGroup(block: Values, report: Report): VirtualServerGroup | undefined {
  const name = nameOf(block);
  const members = linesOf(block, 'lines').flatMap((line) => readMember(line, name, report) ?? []);
  const problem =
    members.length === 0
      ? `virtual server group ${name} has no entries - removing`
      : mixed(members)
        ? `virtual server group ${name} cannot have IPv4, IPv6 and fwmark without family - removing`
        : undefined;
  if (problem === undefined) return { name, members };
  tellError(report, block.at, problem);
  return undefined;
}

export const buildVirtualServerGroups = (root: Values, report: Report): readonly VirtualServerGroup[] =>
  blocksOf(root, 'virtual_server_group').flatMap((block) => buildGroup(block, report) ?? []);
