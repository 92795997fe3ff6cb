// `use_vmac` and `use_ipvlan` of an instance (keepalived.conf(5)).
import type { Family } from '../../../../model/address.js';
import { parseAddress } from '../../../../model/address-text.js';
import type { VirtualInterface } from '../../../../model/keepalived/network.js';
import type { Report, Values, Word } from '../../keyword.js';
import { has, nameOf, placeOf, wordsOf } from '../../values/values.js';
import { type NumberNames, readNamed } from '../network/number-names.js';
import { bitsOf } from '../network/prefix.js';
import { tellError, tellFatal } from '../report.js';

type Draft = { -readonly [K in keyof VirtualInterface]?: VirtualInterface[K] };

/** A name that the kernel takes for an interface. */
const fitsName = (text: string): boolean => text.length <= 15 && text !== '' && !/[/\s:]/.test(text);

/** `aa:bb:cc:dd:ee:ff`, or five octets to which the VRID is added. */
function readMac(word: Word, vrid: number, draft: Draft, report: Report): void {
  const text = word.text;
  const octets = text.split(':').map((part) => (/^[0-9a-fA-F]{1,2}$/.test(part) ? Number.parseInt(part, 16) : Number.NaN));
  const say = (what: string): void => tellError(report, word.at, what);
  if (octets.some(Number.isNaN)) say(`VMAC invalid MAC address ${text}`);
  else if (octets.length !== 5 && octets.length !== 6) say(`VMAC invalid MAC address ${text} - ignored`);
  else if ((octets[0] ?? 0) & 1) say(`VMAC MAC address is multicast ${text} - ignoring`);
  else if ([0, 0, 0x5e, 0].every((octet, at) => octets[at] === octet))
    say(`VMAC MAC address not allowed to be RFC5798 address (${text}) - ignoring`);
  else
    draft.mac = [...octets, vrid]
      .slice(0, 6)
      .map((octet) => octet.toString(16).padStart(2, '0'))
      .join(':');
}

/** The words behind `use_vmac` or `use_ipvlan`, and what reading them needs. */
interface Reading {
  readonly keyword: 'use_vmac' | 'use_ipvlan';
  readonly words: readonly Word[];
  readonly names: NumberNames;
  readonly report: Report;
}

/** The word at a place; none there ends the start. */
function needed({ keyword, words, report }: Reading, at: number): Word | undefined {
  const before = words[at - 1];
  if (words[at] === undefined && before !== undefined) {
    const where = `after keyword \`${before.text}\` at word position ${at + 2}`;
    tellFatal(report, before.at, `*** Configuration line starting \`${keyword}\` is missing a parameter ${where}`);
  }
  return words[at];
}

const GROUP_MAX = 0x7fffffff;

function readGroup(reading: Reading, at: number, kind: string, draft: Draft): void {
  const word = needed(reading, at);
  if (word === undefined) return;
  const value = readNamed(reading.names, 'group', word.text, GROUP_MAX);
  if (value === undefined) tellError(reading.report, word.at, `${kind} group ${word.text} not found`, 'a number, or a name of iproute2');
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
      if (draft.name !== undefined) tellError(report, name.at, 'VMAC interface name already specified');
      else if (fitsName(name.text)) draft.name = name.text;
      else tellError(report, name.at, `VMAC interface name '${name.text}' too long or invalid characters - ignoring`);
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
      else tellError(report, word.at, `(${who}) ipvlan type already specified - ignoring '${word.text}'`);
    } else if (address !== undefined) {
      draft.address = address;
      if (length !== undefined && /^\d{1,3}$/.test(length) && Number(length) <= bitsOf(address.family))
        draft.addressLength = Number(length);
    } else if (word.text === 'group') readGroup(reading, ++at, 'ipvlan', draft);
    else {
      const name = word.text === 'name' ? (needed(reading, ++at) ?? word) : word;
      if (draft.name !== undefined) tellError(report, name.at, `(${who}) IPVLAN interface already specified - ignoring '${name.text}'`);
      else if (fitsName(name.text)) draft.name = name.text;
      else tellError(report, name.at, `IPVLAN interface name '${name.text}' too long or invalid characters - ignoring`);
    }
  }
  return { ...draft, kind: 'ipvlan' };
}

/** The address of `use_ipvlan`, which tells the family of the instance as well. */
export const ipvlanAddress = (instance: Values): Word | undefined =>
  wordsOf(instance, 'use_ipvlan')?.find((word) => parseAddress(word.text.split('/')[0] ?? '') !== undefined);

/** The instance, as far as it matters here. */
export interface Owner {
  readonly vrid: number;
  readonly family: Family;
  readonly strict: boolean;
  readonly hasSource: boolean;
  readonly names: NumberNames;
  readonly report: Report;
}

/** What the instance sends from; `wrong`: an ipvlan of IPv4 without address, with which it could not work. */
export function buildVirtualInterface(
  instance: Values,
  { vrid, family, strict, hasSource, names, report }: Owner,
): VirtualInterface | undefined | 'wrong' {
  const name = nameOf(instance);
  if (has(instance, 'use_ipvlan')) {
    const ipvlan = readIpvlan({ keyword: 'use_ipvlan', words: wordsOf(instance, 'use_ipvlan') ?? [], names, report }, name);
    if (family === 'inet6' || ipvlan.address !== undefined || hasSource) return ipvlan;
    tellError(
      report,
      placeOf(instance, 'use_ipvlan'),
      `(${name}) IPv4 ipvlan requires a source ip address to be configured. setting instance to fault state`,
      'name an address behind use_ipvlan, or mcast_src_ip; the instance is left out',
    );
    return 'wrong';
  }
  if (!has(instance, 'use_vmac')) return undefined;
  const { mac, ...vmac } = readVmac({ keyword: 'use_vmac', words: wordsOf(instance, 'use_vmac') ?? [], names, report }, vrid);
  if (mac === undefined) return vmac;
  if (!strict) return { ...vmac, mac };
  tellError(report, placeOf(instance, 'use_vmac'), `(${name}): cannot specify MAC address with strict mode - clearing`);
  return vmac;
}
