// Where adverts go and come from: source address, multicast group, unicast peers of an instance (keepalived.conf(5)).

import type { Address, Family } from '../../../../model/address.js';
import { formatAddress, parseAddress } from '../../../../model/address-text.js';
import { sameAddress } from '../../../../model/identity.js';
import type { UnicastPeer, VrrpInstance } from '../../../../model/keepalived/instance.js';
import type { Report, Statement, Values, Word } from '../../keyword.js';
import { readWhole } from '../../values/number.js';
import { booleanOf, has, linesOf, nameOf, numberOf, placeOf, wordsOf } from '../../values/values.js';
import { isMulticast } from '../global/lvs-settings.js';
import { Line } from '../line.js';
import { given } from '../optional-property.js';
import { tellError, tellNotice } from '../report.js';
import { addressPart } from './family.js';
import type { Inherited } from './inherit.js';

/** What of an instance says where adverts go. */
export type Addressing = Pick<VrrpInstance, 'unicast' | 'sourceAddress' | 'trackSourceAddress' | 'multicastGroup' | 'v3ChecksumAsV2'>;

/** A source address; unicast_src_ip and mcast_src_ip are one in the original, too. */
function sourceOf(instance: Values, family: Family, report: Report): Address | undefined {
  let found: Address | undefined;
  for (const keyword of ['mcast_src_ip', 'unicast_src_ip']) {
    const [word] = wordsOf(instance, keyword) ?? [];
    if (word === undefined) continue;
    const address = parseAddress(addressPart(word.text));
    const say = (text: string): void => tellError(report, word.at, `Configuration error: VRRP instance[${nameOf(instance)}] ${text}`);
    if (address === undefined) say(`malformed src address[${word.text}]. Skipping...`);
    else if (address.family !== family) say(`and src address[${word.text}] MUST be of the same family !!! Skipping...`);
    else found = address;
  }
  return found;
}

const isLinkLocalMulticast = (address: Address): boolean => (address.words[0] ?? 0) >>> 16 === 0xff02;

function groupOf(instance: Values, family: Family, unicast: boolean, inherited: Inherited, report: Report): Address {
  const [word] = wordsOf(instance, 'mcast_dst_ip') ?? [];
  const otherwise = inherited.multicastGroup[family];
  if (word === undefined) return otherwise;
  const name = nameOf(instance);
  const address = parseAddress(addressPart(word.text));
  const say = (text: string): void => tellError(report, word.at, `(${name}) ${text}`);
  if (address === undefined) say(`malformed mcast dest address ${word.text}. Skipping...`);
  else if (address.family === 'inet' && !isMulticast(address)) say(`mcast_dst_ip ${word.text} not multicast. Skipping...`);
  else if (address.family === 'inet6' && !isLinkLocalMulticast(address))
    say(`mcast_dst_ip ${word.text} not link-local multicast. Skipping...`);
  else if (address.family !== family) say(`mcast_dst_ip ${word.text} is not of the family of the instance. Skipping...`);
  else if (unicast) say('multicast destination specified with unicast - ignoring');
  else return address;
  return otherwise;
}

/** `ADDRESS [min_ttl N] [max_ttl N]` */
function readPeer(line: Statement, name: string, family: Family, report: Report): UnicastPeer | undefined {
  const reader = new Line(line, report);
  const word = reader.take()!;
  const address = parseAddress(addressPart(word.text));
  const say = (at: Word, text: string): void => reader.error(at, text);
  if (address === undefined) {
    say(word, `Configuration error: VRRP instance[${name}] malformed unicast peer address[${word.text}]. Skipping...`);
    return undefined;
  }
  if (address.family !== family) {
    say(
      word,
      `Configuration error: VRRP instance[${name}] and unicast peer address[${word.text}] MUST be of the same family !!! Skipping...`,
    );
    return undefined;
  }
  const ttl: { minTtl?: number; maxTtl?: number } = {};
  for (let option = reader.take(); option !== undefined; option = reader.take()) {
    const value = reader.take();
    if (value === undefined) say(option, `(${name}) ${option.text} is missing a value`);
    else if (option.text !== 'min_ttl' && option.text !== 'max_ttl') say(option, `(${name}) unknown unicast_peer option ${option.text}`);
    else {
      const { value: number, problem } = readWhole(value.text, { min: 0, max: 255 });
      if (number === undefined) say(value, problem ?? '');
      else ttl[option.text === 'min_ttl' ? 'minTtl' : 'maxTtl'] = number;
    }
  }
  if (ttl.minTtl !== undefined && ttl.maxTtl !== undefined && ttl.minTtl > ttl.maxTtl) {
    say(word, `(${name}) min_ttl ${ttl.minTtl} > max_ttl ${ttl.maxTtl} - all packets will be discarded`);
  }
  return { address, ...ttl };
}

/** One that is named twice gets one advert: the second would look like a replay of the first. */
function readPeers(instance: Values, family: Family, report: Report): readonly UnicastPeer[] {
  const name = nameOf(instance);
  const peers: UnicastPeer[] = [];
  for (const line of linesOf(instance, 'unicast_peer')) {
    const peer = readPeer(line, name, family, report);
    if (peer === undefined) continue;
    const text = `(${name}) ${formatAddress(peer.address)} - duplicate unicast_peer`;
    if (peers.some(({ address }) => sameAddress(address, peer.address))) tellNotice(report, line.keyword.at, text, 'the first one counts');
    else peers.push(peer);
  }
  return peers;
}

function oldChecksum(instance: Values, report: Report): 'auto' | 'always' | 'never' {
  const [mode] = wordsOf(instance, 'old_unicast_checksum') ?? [];
  if (!has(instance, 'old_unicast_checksum')) return 'auto';
  if (mode === undefined) return 'always';
  if (mode.text === 'never') return 'never';
  tellError(report, mode.at, `(${nameOf(instance)}) Unknown old_unicast_chksum mode ${mode.text} - ignoring`);
  return 'auto';
}

/** Keywords of unicast without peers: the original sends multicast, and so do we. */
const unicastKeywords = ['unicast_src_ip', 'unicast_peer', 'old_unicast_checksum', 'check_unicast_src'];

/** Told of an instance that has its addresses: without, the original stops before. */
export function tellNoPeers(instance: Values, { unicast }: Addressing, report: Report): void {
  if (unicast !== undefined) return;
  const name = nameOf(instance);
  const said = unicastKeywords.find((keyword) => has(instance, keyword));
  if (said !== undefined && !has(instance, 'unicast_fault_no_peer')) {
    const text = `(${name}) A unicast keyword has been specified without any unicast peers. Defaulting to multicast. This usage is deprecated - please update your configuration.`;
    tellError(report, placeOf(instance, said), text, 'list the other nodes in unicast_peer { }, or take the keyword away');
  }
  if (has(instance, 'unicast_ttl')) {
    tellError(report, placeOf(instance, 'unicast_ttl'), `(${name}): Cannot use unicast_ttl without unicast peers - resetting`);
  }
}

/** Where the adverts of the instance go and come from. */
export function buildAddressing(instance: Values, family: Family, inherited: Inherited, report: Report): Addressing {
  const peers = readPeers(instance, family, report);
  const source = sourceOf(instance, family, report);
  const unicast = peers.length > 0;
  const checksum = oldChecksum(instance, report);
  const limited = peers.some((peer) => peer.minTtl !== undefined || peer.maxTtl !== undefined);
  return {
    ...given('sourceAddress', source),
    trackSourceAddress: has(instance, 'track_src_ip'),
    multicastGroup: groupOf(instance, family, unicast, inherited, report),
    v3ChecksumAsV2: booleanOf(instance, 'v3_checksum_as_v2') ?? inherited.v3ChecksumAsV2,
    ...(unicast
      ? {
          unicast: {
            peers,
            ttl: numberOf(instance, 'unicast_ttl') ?? 255,
            checkSource: limited || has(instance, 'check_unicast_src') || inherited.checkUnicastSource,
            faultNoPeer: has(instance, 'unicast_fault_no_peer'),
            oldChecksum: checksum,
          },
        }
      : {}),
  };
}
