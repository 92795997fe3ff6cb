// The options of a rule line (ip-rule(8), keepalived.conf(5)).

import type { Family } from '../../../../model/address.js';
import type { HostRule } from '../../../../model/keepalived/network.js';
import type { Word } from '../../keyword.js';
import { INT_MAX, UNSIGNED_MAX } from '../../values/number.js';
import { type Line, nameTrackGroup } from '../line.js';
import { type NumberNames, readCNumber, readNamed, readRealms } from './number-names.js';
import { readPrefix, zeroOf } from './prefix.js';

export type RuleDraft = { -readonly [K in keyof HostRule]?: HostRule[K] };

/** A rule line being read. */
export interface RuleReading {
  readonly line: Line;
  readonly draft: RuleDraft;
  readonly names: NumberNames;
  /** Absent for virtual rules, which do not have `track_group`. */
  readonly trackGroups?: ReadonlySet<string>;
  /** `from all` and `to all`, whose family follows from the rest of the line. */
  readonly open: ('from' | 'to')[];
}

/** Reads the value of the option; false: the rule is not used. */
type Option = (reading: RuleReading, word: Word) => boolean;

const everything = new Set(['all', 'any', 'default']);

const prefix =
  (key: 'from' | 'to'): Option =>
  ({ line, draft, open }) => {
    const word = line.need();
    if (word === undefined) return false;
    if (everything.has(word.text)) {
      open.push(key);
      return true;
    }
    const found = readPrefix(line, word);
    if (found === undefined) line.report('rule-address-invalid', word.at, { key, word: word.text });
    else draft[key] = found;
    return found !== undefined;
  };

type ValueCode =
  | 'rule-fwmark-invalid'
  | 'rule-ipproto-invalid'
  | 'rule-port-range-invalid'
  | 'rule-preference-invalid'
  | 'rule-protocol-invalid'
  | 'rule-realms-invalid'
  | 'rule-tos-invalid'
  | 'rule-value-invalid';

/** Reads a value by `read`; if it is invalid, `code` is reported and the rule is not used. */
const value =
  (read: (text: string, reading: RuleReading) => Partial<RuleDraft> | undefined, code: ValueCode, goOn = false): Option =>
  (reading, keyword) => {
    const word = reading.line.need();
    if (word === undefined) return false;
    const found = read(word.text, reading);
    if (found === undefined) reading.line.report(code, word.at, { word: word.text, keyword: keyword.text });
    else Object.assign(reading.draft, found);
    return found !== undefined || goOn;
  };

/** An option with a whole number from 0 to `max`; what is no number gets the general message about numbers first. */
const number =
  (key: 'preference' | 'suppressPrefixLength' | 'protocol', max: number, code: ValueCode, goOn = false): Option =>
  ({ line, draft }, keyword) => {
    const word = line.need();
    if (word === undefined) return false;
    const found = line.number(word, { min: 0, max }, code, { word: word.text, keyword: keyword.text });
    if (found !== undefined) draft[key] = found;
    return found !== undefined || goOn;
  };

/** A rule has one action. */
function act(reading: RuleReading, word: Word, action: HostRule['action']): boolean {
  const { draft, line } = reading;
  if (draft.action === undefined && draft.l3mdev !== true) {
    draft.action = action;
    return true;
  }
  line.report('rule-many-actions', word.at);
  return false;
}

const table: Option = (reading, keyword) => {
  const word = reading.line.need();
  if (word === undefined) return false;
  const found = readNamed(reading.names, 'table', word.text, UNSIGNED_MAX);
  if (found === undefined) reading.line.report('rule-table-unknown', word.at, { word: word.text });
  else if (found === 0) reading.line.report('rule-table-zero', word.at);
  else return act(reading, keyword, { kind: 'table', table: found });
  return false;
};

const goto: Option = (reading, keyword) => {
  const word = reading.line.need();
  if (word === undefined) return false;
  const preference = reading.line.number(word, { min: 0, max: UNSIGNED_MAX }, 'rule-goto-invalid', { keyword: keyword.text });
  return preference !== undefined && act(reading, keyword, { kind: 'goto', preference });
};

const kinds = ['nop', 'blackhole', 'unreachable', 'prohibit'] as const;

const bare =
  (kind: (typeof kinds)[number]): Option =>
  (reading, word) =>
    act(reading, word, { kind });

const typed: Option = (reading) => {
  const word = reading.line.need();
  const kind = kinds.find((name) => name === word?.text);
  if (word !== undefined && kind === undefined) reading.line.report('rule-option-unknown', word.at, { word: word.text });
  return word !== undefined && kind !== undefined && act(reading, word, { kind });
};

const l3mdev: Option = (reading, word) => {
  if (reading.draft.action !== undefined) return act(reading, word, reading.draft.action);
  reading.draft.l3mdev = true;
  return true;
};

function readMark(text: string): RuleDraft['fwmark'] | undefined {
  const [mark = '', mask] = text.split('/');
  const value = readCNumber(mark, UNSIGNED_MAX);
  if (value === undefined || mask === undefined) return value === undefined ? undefined : { mark: value };
  const bits = mask === '' ? 0 : readCNumber(mask, UNSIGNED_MAX);
  return bits === undefined ? undefined : { mark: value, mask: bits };
}

/** `A-B`, or `A` alone as in iproute2 (keepalived ignores the latter and makes a rule for all ports). */
function readRange(text: string, min: number, max: number): { readonly from: number; readonly to: number } | undefined {
  const match = /^(\d+)(?:-(\d+))?$/.exec(text);
  const [from, to] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])];
  return match !== null && from >= min && from <= to && to <= max ? { from, to } : undefined;
}

const uids = (text: string): Partial<RuleDraft> | undefined => {
  const range = text.includes('-') ? readRange(text, 0, UNSIGNED_MAX) : undefined;
  return range && { uidRange: range };
};

const ports =
  (key: 'sourcePort' | 'destinationPort'): Option =>
  (reading, keyword) =>
    value((text) => {
      const range = readRange(text, 1, 65535);
      return range && { [key]: range };
    }, 'rule-port-range-invalid')(reading, keyword);

const tunnel: Option = ({ line, draft }, keyword) => {
  const word = line.need();
  if (word === undefined) return false;
  if (/^\d{1,20}$/.test(word.text) && BigInt(word.text) < 2n ** 64n) {
    draft.tunnelId = BigInt(word.text);
    return true;
  }
  line.report('number-invalid', word.at, { text: word.text });
  line.report('rule-tunnel-id-invalid', word.at, { keyword: keyword.text });
  return false;
};

const trackGroup: Option = ({ line, draft, trackGroups }) => {
  const word = line.need();
  if (word === undefined) return false;
  nameTrackGroup(line, word, draft, trackGroups);
  return true;
};

const tos = value((text, { names }) => {
  const found = readNamed(names, 'dsfield', text, 255);
  return found === undefined ? undefined : { tos: found };
}, 'rule-tos-invalid');
const device =
  (key: 'iif' | 'oif'): Option =>
  ({ line, draft }) => {
    const word = line.need();
    if (word !== undefined) draft[key] = word.text;
    return word !== undefined;
  };
const preference = number('preference', UNSIGNED_MAX, 'rule-preference-invalid');
const suppressLength = number('suppressPrefixLength', INT_MAX, 'rule-value-invalid');
const suppressGroup = value((text, { names }) => {
  const found = readNamed(names, 'group', text, UNSIGNED_MAX);
  return found === undefined ? undefined : { suppressGroup: found };
}, 'rule-value-invalid');

export const ruleOptions: ReadonlyMap<string, Option> = new Map<string, Option>([
  ['from', prefix('from')],
  ['to', prefix('to')],
  ['table', table],
  ['lookup', table],
  ['goto', goto],
  ['type', typed],
  ['l3mdev', l3mdev],
  ...kinds.map((kind): [string, Option] => [kind, bare(kind)]),
  ['tos', tos],
  ['dsfield', tos],
  [
    'fwmark',
    value((text) => {
      const fwmark = readMark(text);
      return fwmark && { fwmark };
    }, 'rule-fwmark-invalid'),
  ],
  ['iif', device('iif')],
  ['dev', device('iif')],
  ['oif', device('oif')],
  ['preference', preference],
  ['priority', preference],
  ['order', preference],
  [
    'realms',
    value((text, { names }) => {
      const found = readRealms(text, names);
      return found === undefined ? undefined : { realms: found };
    }, 'rule-realms-invalid'),
  ],
  ['suppress_prefixlength', suppressLength],
  ['sup_pl', suppressLength],
  ['suppress_ifgroup', suppressGroup],
  ['sup_group', suppressGroup],
  ['uidrange', value(uids, 'rule-value-invalid')],
  ['protocol', number('protocol', 255, 'rule-protocol-invalid', true)],
  [
    'ipproto',
    value((text, { names }) => {
      const found = readNamed(names, 'ipProtocol', text, 255);
      return found === undefined ? undefined : { ipProtocol: found };
    }, 'rule-ipproto-invalid'),
  ],
  ['sport', ports('sourcePort')],
  ['dport', ports('destinationPort')],
  ['tunnel-id', tunnel],
  ['track_group', trackGroup],
]);

/** Completes `from all` and `to all` with the family of the rest of the line. */
export function fillOpen(reading: RuleReading, family: Family): void {
  for (const key of reading.open) reading.draft[key] ??= { address: zeroOf(family), length: 0 };
}
