// What an nft rule names and does with it (libnftables-json(5)), whatever packet it meets.

import { field, isRecord, type Json, textOf } from '../../model/json.js';
import { prefixOf } from './aim.js';
import type { Aim, PortRange, Prefix, RuleVerdict } from './model.js';

const VERDICTS: readonly (readonly [string, RuleVerdict])[] = [
  ['drop', 'drop'],
  ['reject', 'reject'],
  ['accept', 'accept'],
  ['dnat', 'nat'],
  ['redirect', 'nat'],
  ['tproxy', 'nat'],
];
const TRANSPORTS = new Set(['tcp', 'udp', 'sctp']);

const has = (expressions: readonly Json[], key: string): boolean => expressions.some((one) => isRecord(one) && Object.hasOwn(one, key));

export function nftVerdict(expressions: readonly Json[]): RuleVerdict {
  return VERDICTS.find(([key]) => has(expressions, key))?.[1] ?? 'other';
}

function portsOf(value: Json): PortRange | undefined {
  const range = field(value, 'range');
  const [from, to] = Array.isArray(range) ? range.map(Number) : [Number(textOf(value) || Number.NaN), undefined];
  return from === undefined || !Number.isInteger(from) ? undefined : { from, to: to ?? from };
}

function prefixOfValue(value: Json): Prefix | undefined {
  const prefix = field(value, 'prefix');
  return prefixOf(
    textOf(prefix === undefined ? value : field(prefix, 'addr')),
    prefix === undefined ? undefined : Number(field(prefix, 'len')),
  );
}

/** `values`: of a right side, with sets expanded. Undefined: marks, foreign expressions, or a negated destination. */
export function nftAim(expressions: readonly Json[], values: (right: Json) => readonly Json[]): Aim | undefined {
  if (has(expressions, 'xt') || has(expressions, 'mangle')) return undefined;
  const destinations: Prefix[] = [];
  const ports: PortRange[] = [];
  let transport: string | undefined;
  for (const match of expressions.map((one) => field(one, 'match'))) {
    const left = field(match, 'left');
    const [protocol, name] = [textOf(field(left, 'payload', 'protocol')), textOf(field(left, 'payload', 'field'))];
    const right = values(field(match, 'right'));
    const isIp = protocol === 'ip' || protocol === 'ip6';
    const isProtocol = (isIp && (name === 'protocol' || name === 'nexthdr')) || textOf(field(left, 'meta', 'key')) === 'l4proto';
    const isDestination = isIp && name === 'daddr';
    if (!isProtocol && !isDestination && name !== 'dport') continue;
    if (textOf(field(match, 'op')) === '!=') return undefined;
    if (isDestination) destinations.push(...right.flatMap((value) => prefixOfValue(value) ?? []));
    if (name === 'dport') ports.push(...right.flatMap((value) => portsOf(value) ?? []));
    if (name === 'dport' && TRANSPORTS.has(protocol)) transport = protocol;
    const [only, more] = isProtocol ? right.map(textOf) : [];
    if (only !== undefined && more === undefined) transport = only;
  }
  return { destinations, ports, ...(transport === undefined ? {} : { protocol: transport }) };
}
