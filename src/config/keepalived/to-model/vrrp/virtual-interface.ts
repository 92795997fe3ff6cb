// `use_vmac` and `use_ipvlan` of an instance (keepalived.conf(5)).

import type { Family } from '../../../../model/address.js';
import { parseAddress } from '../../../../model/address-text.js';
import { hexOf } from '../../../../model/hex.js';
import type { VirtualInterface } from '../../../../model/keepalived/network.js';
import type { Report } from '../../diagnostics/report.js';
import type { Values, Word } from '../../keyword.js';
import { INT_MAX } from '../../values/number.js';
import { has, nameOf, placeOf, wordsOf } from '../../values/values.js';
import { type NumberNames, readNamed } from '../network/number-names.js';
import { bitsOf } from '../network/prefix.js';

type Draft = { -readonly [K in keyof VirtualInterface]?: VirtualInterface[K] };

/** Does the kernel accept it as the name of an interface? */
const fitsName = (text: string): boolean => text.length <= 15 && text !== '' && !/[/\s:]/.test(text);

/** `aa:bb:cc:dd:ee:ff`, or five octets to which the VRID is added. */
function readMac(word: Word, vrid: number, draft: Draft, report: Report): void {
  const text = word.text;
  const octets = text.split(':').map((part) => (/^[0-9a-fA-F]{1,2}$/.test(part) ? Number.parseInt(part, 16) : Number.NaN));
  if (octets.some(Number.isNaN)) report('vmac-mac-invalid', word.at, { text });
  else if (octets.length !== 5 && octets.length !== 6) report('vmac-mac-length', word.at, { text });
  else if ((octets[0] ?? 0) & 1) report('vmac-mac-multicast', word.at, { text });
  else if ([0, 0, 0x5e, 0].every((octet, at) => octets[at] === octet)) report('vmac-mac-rfc5798', word.at, { text });
  else draft.mac = hexOf([...octets, vrid].slice(0, 6), ':');
}

/** The words behind `use_vmac` or `use_ipvlan`, and what reading them needs. */
interface Reading {
  readonly keyword: 'use_vmac' | 'use_ipvlan';
  readonly words: readonly Word[];
  readonly names: NumberNames;
  readonly report: Report;
}

/** The word at an index; if it is missing, keepalived exits. */
function needed({ keyword, words, report }: Reading, at: number): Word | undefined {
  const before = words[at - 1];
  if (words[at] === undefined && before !== undefined) {
    const where = `after keyword \`${before.text}\` at word position ${at + 2}`;
    report('argument-missing-on-line', before.at, { keyword, where });
  }
  return words[at];
}

function readGroup(reading: Reading, at: number, kind: string, draft: Draft): void {
  const word = needed(reading, at);
  if (word === undefined) return;
  const value = readNamed(reading.names, 'group', word.text, INT_MAX);
  if (value === undefined) reading.report('interface-group-unknown', word.at, { kind, word: word.text });
  else draft.group = value;
}

function readVmac(reading: Reading, vrid: number): VirtualInterface {
  const draft: Draft = {};
  const { words, report } = reading;
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    if (word.text === 'netlink_notify_msg') draft.netlinkNotify = true;
    else if (word.text === 'group') readGroup(reading, ++at, 'VMAC', draft);
    else if (word.text.includes(':')) readMac(word, vrid, draft, report);
    else {
      const name = word.text === 'name' ? (needed(reading, ++at) ?? word) : word;
      if (draft.name !== undefined) report('vmac-name-twice', name.at);
      else if (fitsName(name.text)) draft.name = name.text;
      else report('vmac-name-invalid', name.at, { name: name.text });
    }
  }
  return { ...draft, kind: 'vmac' };
}

const modes = ['bridge', 'private', 'vepa'] as const;

function readIpvlan(reading: Reading, who: string): VirtualInterface {
  const draft: Draft = {};
  const { words, report } = reading;
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    const mode = modes.find((each) => each === word.text);
    const [where = '', length] = word.text.split('/');
    const address = parseAddress(where);
    if (mode !== undefined) {
      if (draft.mode === undefined) draft.mode = mode;
      else report('ipvlan-type-twice', word.at, { who, word: word.text });
    } else if (address !== undefined) {
      draft.address = address;
      if (length !== undefined && /^\d{1,3}$/.test(length) && Number(length) <= bitsOf(address.family))
        draft.addressLength = Number(length);
    } else if (word.text === 'group') readGroup(reading, ++at, 'ipvlan', draft);
    else {
      const name = word.text === 'name' ? (needed(reading, ++at) ?? word) : word;
      if (draft.name !== undefined) report('ipvlan-name-twice', name.at, { who, name: name.text });
      else if (fitsName(name.text)) draft.name = name.text;
      else report('ipvlan-name-invalid', name.at, { name: name.text });
    }
  }
  return { ...draft, kind: 'ipvlan' };
}

/** The address of `use_ipvlan`, which also determines the family of the instance. */
export const ipvlanAddress = (instance: Values): Word | undefined =>
  wordsOf(instance, 'use_ipvlan')?.find((word) => parseAddress(word.text.split('/')[0] ?? '') !== undefined);

/** The properties of the instance that matter here. */
export interface Owner {
  readonly vrid: number;
  readonly family: Family;
  readonly strict: boolean;
  readonly hasSource: boolean;
  readonly names: NumberNames;
  readonly report: Report;
}

/** The virtual interface of the instance; `wrong`: an IPv4 ipvlan without an address, with which it could not work. */
export function buildVirtualInterface(
  instance: Values,
  { vrid, family, strict, hasSource, names, report }: Owner,
): VirtualInterface | undefined | 'wrong' {
  const name = nameOf(instance);
  if (has(instance, 'use_ipvlan')) {
    const ipvlan = readIpvlan({ keyword: 'use_ipvlan', words: wordsOf(instance, 'use_ipvlan') ?? [], names, report }, name);
    if (family === 'inet6' || ipvlan.address !== undefined || hasSource) return ipvlan;
    report('ipvlan-without-source', placeOf(instance, 'use_ipvlan'), { name });
    return 'wrong';
  }
  if (!has(instance, 'use_vmac')) return undefined;
  const { mac, ...vmac } = readVmac({ keyword: 'use_vmac', words: wordsOf(instance, 'use_vmac') ?? [], names, report }, vrid);
  if (mac === undefined) return vmac;
  if (!strict) return { ...vmac, mac };
  report('vmac-mac-strict-mode', placeOf(instance, 'use_vmac'), { name });
  return vmac;
}
