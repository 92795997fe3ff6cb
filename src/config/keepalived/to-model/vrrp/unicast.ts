// Where adverts are sent to and from: source address, multicast group and unicast peers of an instance (keepalived.conf(5)).

import { type Address, type Family, isMulticast } from '../../../../model/address.js';
import { formatAddress, parseAddress } from '../../../../model/address-text.js';
import { sameAddress } from '../../../../model/identity.js';
import type { UnicastPeer, VrrpInstance } from '../../../../model/keepalived/instance.js';
import { type Report, reportProblem } from '../../diagnostics/report.js';
import type { Statement, Values } from '../../keyword.js';
import { readWhole } from '../../values/number.js';
import { booleanOf, has, linesOf, nameOf, numberOf, placeOf, wordsOf } from '../../values/values.js';
import { Line } from '../line.js';
import { optional } from '../optional-property.js';
import { addressPart } from './family.js';
import type { Inherited } from './inherit.js';

/** The addressing of an instance. */
export type Addressing = Pick<VrrpInstance, 'unicast' | 'sourceAddress' | 'trackSourceAddress' | 'multicastGroup' | 'v3ChecksumAsV2'>;

/** The source address; unicast_src_ip and mcast_src_ip are one setting, as in keepalived. */
function sourceOf(instance: Values, family: Family, report: Report): Address | undefined {
  let found: Address | undefined;
  for (const keyword of ['mcast_src_ip', 'unicast_src_ip']) {
    const [word] = wordsOf(instance, keyword) ?? [];
    if (word === undefined) continue;
    const address = parseAddress(addressPart(word.text));
    if (address === undefined) report('source-address-invalid', word.at, { name: nameOf(instance), word: word.text });
    else if (address.family !== family) report('source-address-family', word.at, { name: nameOf(instance), word: word.text });
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
  if (address === undefined) report('multicast-destination-invalid', word.at, { name, word: word.text });
  else if (address.family === 'inet' && !isMulticast(address))
    report('multicast-destination-not-multicast', word.at, { name, word: word.text });
  else if (address.family === 'inet6' && !isLinkLocalMulticast(address))
    report('multicast-destination-not-link-local', word.at, { name, word: word.text });
  else if (address.family !== family) report('multicast-destination-family', word.at, { name, word: word.text });
  else if (unicast) report('multicast-destination-with-unicast', word.at, { name });
  else return address;
  return otherwise;
}

/** `ADDRESS [min_ttl N] [max_ttl N]` */
function readPeer(line: Statement, name: string, family: Family, report: Report): UnicastPeer | undefined {
  const reader = new Line(line, report);
  const word = reader.take()!;
  const address = parseAddress(addressPart(word.text));
  if (address === undefined) {
    reader.report('unicast-peer-invalid', word.at, { name, word: word.text });
    return undefined;
  }
  if (address.family !== family) {
    reader.report('unicast-peer-family', word.at, { name, word: word.text });
    return undefined;
  }
  const ttl: { minTtl?: number; maxTtl?: number } = {};
  for (let option = reader.take(); option !== undefined; option = reader.take()) {
    const value = reader.take();
    if (value === undefined) reader.report('unicast-peer-option-without-value', option.at, { name, option: option.text });
    else if (option.text !== 'min_ttl' && option.text !== 'max_ttl')
      reader.report('unicast-peer-option-unknown', option.at, { name, option: option.text });
    else {
      const { value: number, problem } = readWhole(value.text, { min: 0, max: 255 });
      if (number === undefined) reportProblem(reader.report, value.at, problem);
      else ttl[option.text === 'min_ttl' ? 'minTtl' : 'maxTtl'] = number;
    }
  }
  if (ttl.minTtl !== undefined && ttl.maxTtl !== undefined && ttl.minTtl > ttl.maxTtl) {
    reader.report('unicast-peer-ttl-range', word.at, { name, minTtl: ttl.minTtl, maxTtl: ttl.maxTtl });
  }
  return { address, ...ttl };
}

/** A peer that is named twice gets one advert: the second would look like a replay. */
function readPeers(instance: Values, family: Family, report: Report): readonly UnicastPeer[] {
  const name = nameOf(instance);
  const peers: UnicastPeer[] = [];
  for (const line of linesOf(instance, 'unicast_peer')) {
    const peer = readPeer(line, name, family, report);
    if (peer === undefined) continue;
    if (peers.some(({ address }) => sameAddress(address, peer.address)))
      report('unicast-peer-twice', line.keyword.at, { name, address: formatAddress(peer.address) });
    else peers.push(peer);
  }
  return peers;
}

function oldChecksum(instance: Values, report: Report): 'auto' | 'always' | 'never' {
  const [mode] = wordsOf(instance, 'old_unicast_checksum') ?? [];
  if (!has(instance, 'old_unicast_checksum')) return 'auto';
  if (mode === undefined) return 'always';
  if (mode.text === 'never') return 'never';
  report('unicast-checksum-mode-unknown', mode.at, { name: nameOf(instance), mode: mode.text });
  return 'auto';
}

/** Keywords of unicast. Without peers, keepalived and weir send multicast. */
const unicastKeywords = ['unicast_src_ip', 'unicast_peer', 'old_unicast_checksum', 'check_unicast_src'];

/** Reported only for an instance with addresses: without any, keepalived stops before. */
export function reportNoPeers(instance: Values, { unicast }: Addressing, report: Report): void {
  if (unicast !== undefined) return;
  const name = nameOf(instance);
  const used = unicastKeywords.find((keyword) => has(instance, keyword));
  if (used !== undefined && !has(instance, 'unicast_fault_no_peer')) {
    report('unicast-without-peers', placeOf(instance, used), { name });
  }
  if (has(instance, 'unicast_ttl')) report('unicast-ttl-without-peers', placeOf(instance, 'unicast_ttl'), { name });
}

/** The addressing of the instance's adverts. */
export function buildAddressing(instance: Values, family: Family, inherited: Inherited, report: Report): Addressing {
  const peers = readPeers(instance, family, report);
  const source = sourceOf(instance, family, report);
  const unicast = peers.length > 0;
  const checksum = oldChecksum(instance, report);
  const limited = peers.some((peer) => peer.minTtl !== undefined || peer.maxTtl !== undefined);
  return {
    ...optional('sourceAddress', source),
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
