// The address family of an instance: that of its first address; the others must agree (keepalived.conf(5)).

import type { Family } from '../../../../model/address.js';
import { parseAddress } from '../../../../model/address-text.js';
import type { Origin, Values, Word } from '../../keyword.js';
import { lastOf, linesOf, wordsOf } from '../../values/values.js';
import { ipvlanAddress } from './virtual-interface.js';

interface Sign {
  readonly at: Origin;
  readonly family: Family;
}

/** An address as written, without its prefix length. */
export const addressPart = (text: string): string => text.split('/')[0] ?? '';

const signOf = (word: Word | undefined): Sign | undefined => {
  const address = word && parseAddress(addressPart(word.text));
  return word && address && { at: word.at, family: address.family };
};

/** In one file the upper line comes first; addresses in different files stay in the given order. */
const inOrder = (a: Sign, b: Sign): number => (a.at.file !== b.at.file ? 0 : a.at.line - b.at.line || a.at.column - b.at.column);

/** The family of the first address; IPv4 without any, as in keepalived. */
export function familyOf(instance: Values): Family {
  const native = lastOf(instance, 'native_ipv6');
  const words = [
    wordsOf(instance, 'unicast_src_ip')?.[0],
    wordsOf(instance, 'mcast_src_ip')?.[0],
    wordsOf(instance, 'mcast_dst_ip')?.[0],
    ...linesOf(instance, 'unicast_peer').map((line) => line.keyword),
    ipvlanAddress(instance),
    ...linesOf(instance, 'virtual_ipaddress').map((line) => line.keyword),
  ];
  const signs: readonly (Sign | undefined)[] = [native && { at: native.at, family: 'inet6' }, ...words.map(signOf)];
  const [first] = signs.filter((sign) => sign !== undefined).sort(inOrder);
  return first?.family ?? 'inet';
}
