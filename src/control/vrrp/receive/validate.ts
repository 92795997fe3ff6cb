// Whether a packet is a valid advert for this instance, in keepalived's order and with its texts. What those lack (what differs, who
// sent it) is appended.

import { type Address, isMulticast } from '../../../model/address.js';
import { formatAddress } from '../../../model/address-text.js';
import { addressId, sameAddress } from '../../../model/identity.js';
import { sameBytes } from '../../../wire/hmac.js';
import {
  decodeVrrpAddresses,
  VRRP_ADVERTISEMENT,
  VRRP_OWNER_PRIORITY,
  type VrrpChecksum,
  type VrrpHeader,
  vrrpAuthData,
  vrrpChecksum,
  vrrpLength,
} from '../../../wire/vrrp.js';
import { decodeAh, HMAC_TRAILER_BYTES } from '../../../wire/vrrp-auth.js';
import { authTypeOf, checksumFor, passwordOf } from '../send/advert.js';
import type { Counters } from '../state/counters.js';
import type { InstanceState } from '../state/instance-state.js';
import type { ArrivedPacket } from './packet.js';
import type { Refusal } from './refusal.js';
import { validateHmac } from './validate-hmac.js';

/** What an accepted packet changes, besides the election's reaction. */
export interface Accepted {
  readonly patch: Partial<InstanceState>;
  readonly notes: readonly Refusal[];
}

export type Verdict = { readonly kind: 'refused'; readonly refusal: Refusal } | { readonly kind: 'accepted'; readonly accepted: Accepted };

interface Received {
  readonly instance: InstanceState;
  readonly packet: ArrivedPacket;
  readonly header: VrrpHeader;
}

type Validation = (received: Received) => Refusal | undefined;

const outerValidations: readonly Validation[] = [validateAh, validateLength, validateTtl, validateVersion];
const innerValidations: readonly Validation[] = [
  validateAuth,
  validateInterval,
  validateType,
  validateCountFirst,
  validateChecksum,
  validateCast,
  validateOwner,
  validatePeer,
];

function firstRefusal(validations: readonly Validation[], received: Received): Refusal | undefined {
  for (const validate of validations) {
    const refusal = validate(received);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

/** @param wallUs time since 1970 in µs, where it is known */
export function validateAdvert(instance: InstanceState, packet: ArrivedPacket, header: VrrpHeader, wallUs: number | undefined): Verdict {
  const received = { instance, packet, header };
  const outer = firstRefusal(outerValidations, received);
  if (outer !== undefined) return { kind: 'refused', refusal: outer };
  const hmac = validateHmac(instance, packet, wallUs);
  const refusal = hmac.refusal ?? firstRefusal(innerValidations, received);
  if (refusal !== undefined) return { kind: 'refused', refusal };
  const list = differentCount(received) ?? differentList(received);
  if (list !== undefined && instance.config.addressMismatch === 'drop') return { kind: 'refused', refusal: list };
  const notes = [hmac.note, list].filter((note) => note !== undefined);
  return { kind: 'accepted', accepted: { patch: { ...learned(received), ...hmac.patch }, notes } };
}

function refuse(text: string, counter: keyof Counters, foreign = true): Refusal {
  return { text, counter, foreign };
}

function from(packet: ArrivedPacket): string {
  return `from ${formatAddress(packet.source)}`;
}

function validateAh({ instance, packet }: Received): Refusal | undefined {
  const wanted = instance.config.authentication.kind === 'ah';
  if (wanted && packet.ah === undefined) return refuse(`No AH header but auth type is AH (${from(packet)})`, 'authMismatches');
  if (!wanted && packet.ah !== undefined) return refuse(`Received AH header but auth type not AH (${from(packet)})`, 'authMismatches');
  return undefined;
}

function validateLength({ instance, packet, header }: Received): Refusal | undefined {
  const { authentication, family } = instance.config;
  const plain = vrrpLength(header.version === 2 ? 2 : 3, family, header.addressCount);
  const { length } = packet.message;
  const hasTrailer = length === plain + HMAC_TRAILER_BYTES;
  const expected = hasTrailer && authentication.kind === 'hmac' ? length : plain;
  if (length === expected && !packet.truncated) return undefined;
  const why = hasTrailer ? ': as long as one with auth_hmac, which is not configured here' : '';
  const text = `vrrp packet too ${length > expected ? 'long' : 'short'}, length ${length} and expect ${expected} (${from(packet)}${why})`;
  const refusal = refuse(text, 'lengthErrors');
  return hasTrailer ? { ...refusal, cause: 'the other signs its adverts (auth_hmac), and this node is not set up for it' } : refusal;
}

function validateTtl({ instance, packet }: Received): Refusal | undefined {
  const { unicast } = instance.config;
  if (unicast === undefined) {
    return packet.ttl === 255 ? undefined : refuse(`invalid TTL/HL. Received ${packet.ttl} and expect 255 (${from(packet)})`, 'ttlErrors');
  }
  const peer = unicast.peers.find(({ address }) => sameAddress(address, packet.source));
  const [ttlMin, ttlMax] = [peer?.minTtl ?? 0, peer?.maxTtl ?? 255];
  if (packet.ttl >= ttlMin && packet.ttl <= ttlMax) return undefined;
  return refuse(`TTL/HL ${packet.ttl} not in range ${ttlMin} - ${ttlMax} (${from(packet)})`, 'ttlErrors');
}

function validateVersion({ instance, packet, header }: Received): Refusal | undefined {
  const { version } = instance.config;
  if (header.version === version) return undefined;
  return refuse(
    `wrong version. Received ${header.version} and expect ${version} (${from(packet)}: neither accepts the other's adverts)`,
    'versionErrors',
  );
}

function validateAuth(received: Received): Refusal | undefined {
  const { instance, packet, header } = received;
  const { authentication, version } = instance.config;
  if (version === 3) return undefined;
  const wanted = authTypeOf(authentication);
  if (header.authType !== wanted) {
    const counter = header.authType > 2 ? 'authTypeErrors' : 'authMismatches';
    return refuse(`received a ${header.authType} auth, expecting ${wanted}! (${from(packet)})`, counter);
  }
  if (authentication.kind === 'pass' && !sameBytes(vrrpAuthData(packet.message, header.addressCount), passwordOf(authentication))) {
    return refuse(`received an invalid passwd! (${from(packet)}: auth_pass differs)`, 'authFailures');
  }
  return authentication.kind === 'ah' ? validateDigest(received) : undefined;
}

function validateDigest({ instance, packet }: Received): Refusal | undefined {
  const { unicast, authentication } = instance.config;
  const { source, destination, ttl, id, ah } = packet;
  if (ah === undefined) return undefined;
  const opened = decodeAh(passwordOf(authentication), { source, destination, ttl, id, unicast: unicast !== undefined }, ah);
  if (opened?.valid !== true) {
    const text = 'IPSEC-AH : invalid IPSEC HMAC-MD5 value. Due to fields mutation or bad password !';
    return refuse(`${text} (${from(packet)})`, 'authFailures');
  }
  const seen = instance.sequencesSeen.get(addressId(source)) ?? 0;
  if (opened.sequence > seen) return undefined;
  const text = `IPSEC-AH : sequence number ${opened.sequence} already processed. Packet dropped. Local(${seen})`;
  return refuse(`${text} (${from(packet)})`, 'replays');
}

function validateInterval({ instance, packet, header }: Received): Refusal | undefined {
  const own = Math.round(instance.config.advertUs / 1_000_000);
  if (instance.config.version === 3 || header.interval === own) return undefined;
  return refuse(`advertisement interval mismatch mine=${own} sec rcv'd=${header.interval} sec (${from(packet)})`, 'intervalErrors');
}

function validateType({ packet, header }: Received): Refusal | undefined {
  if (header.type === VRRP_ADVERTISEMENT) return undefined;
  return refuse(`Invalid packet type. ${header.type} and expect ${VRRP_ADVERTISEMENT} (${from(packet)})`, 'typeErrors', false);
}

/** Before 2.3.3 keepalived refused another number of addresses before it looked at the checksum. */
function validateCountFirst(received: Received): Refusal | undefined {
  return received.instance.config.addressMismatch === 'drop' ? differentCount(received) : undefined;
}

function differentCount({ instance, packet, header }: Received): Refusal | undefined {
  const own = instance.config.addresses.length;
  if (header.addressCount === own) return undefined;
  return refuse(`received an unexpected ip number count ${header.addressCount}, expected ${own}! (${from(packet)})`, 'addressListErrors');
}

function validateChecksum({ instance, packet, header }: Received): Refusal | undefined {
  const sums = acceptableSums(instance, packet.source, packet.destination).map((over) => vrrpChecksum(packet.summed, over));
  if (sums.includes(header.checksum)) return undefined;
  const bare = header.version === 3 && vrrpChecksum(packet.summed, { kind: 'plain' }) === header.checksum;
  const why = bare ? ', which sums without a pseudo-header: see v3_checksum_as_v2' : '';
  const refusal = refuse(`Invalid VRRPv${header.version} checksum (${from(packet)}${why})`, 'checksumErrors');
  // Version 2 has one way to sum, so no setting of the nodes is the cause.
  return header.version === 2 ? { ...refusal, cause: 'its adverts are damaged on the way, or forged' } : refusal;
}

/**
 * Unicast v3 peers may be older than 1.3.7; `learned` remembers it. With v3_checksum_as_v2 both kinds are accepted; keepalived then
 * validates no checksum at all.
 */
function acceptableSums(instance: InstanceState, source: Address, destination: Address): readonly VrrpChecksum[] {
  const own = checksumFor(instance, source, destination);
  const { version, family, unicast } = instance.config;
  if (version === 2 || family === 'inet6') return [own];
  if (own.kind === 'plain') return [own, { kind: 'pseudo', source, destination }];
  return unicast?.oldChecksum === 'auto'
    ? [
        { kind: 'pseudo', source, destination },
        { kind: 'old', source, destination },
      ]
    : [own];
}

function validateCast({ instance, packet }: Received): Refusal | undefined {
  const multicast = isMulticast(packet.destination);
  if (multicast === (instance.config.unicast === undefined)) return undefined;
  const [wanted, got] = multicast ? ['unicast', 'multicast'] : ['multicast', 'unicast'];
  return refuse(`Expected ${wanted} packet but received ${got} packet (${from(packet)}: both masters may be up)`, 'castErrors');
}

/** owner_ignore_adverts: no evidence of a second master. */
function validateOwner({ instance, packet }: Received): Refusal | undefined {
  if (!instance.config.ownerIgnoreAdverts || instance.priority !== VRRP_OWNER_PRIORITY) return undefined;
  return refuse(`Dropping packet(s) ${from(packet)} since we are address owner`, 'ignoredByOwner', false);
}

function validatePeer({ instance, packet }: Received): Refusal | undefined {
  const { unicast } = instance.config;
  if (unicast === undefined || !unicast.checkSource) return undefined;
  if (unicast.peers.some(({ address }) => sameAddress(address, packet.source))) return undefined;
  return refuse(`unicast source address ${formatAddress(packet.source)} not a unicast peer`, 'notPeerErrors');
}

/** keepalived logs the first of our addresses that the advert lacks. */
function differentList({ instance, packet, header }: Received): Refusal | undefined {
  const { config, master } = instance;
  if (config.skipCheckAdvertAddresses && master !== undefined && sameAddress(master.address, packet.source)) return undefined;
  const addresses = decodeVrrpAddresses(packet.message, config.family, header.addressCount);
  const theirs = new Set(addresses.map(addressId));
  const own = new Set(config.addresses.map(({ address }) => addressId(address)));
  const lacking = config.addresses.find(({ address }) => !theirs.has(addressId(address)))?.address;
  const strange = addresses.find((address) => !own.has(addressId(address)));
  if (lacking === undefined && strange === undefined) return undefined;
  const text = `ip address associated with VRID ${config.vrid} not present in MASTER advert`;
  const missing = lacking === undefined ? '' : `: ${formatAddress(lacking)}`;
  const more = strange === undefined ? '' : `, which has ${formatAddress(strange)}`;
  return refuse(`${text}${missing} (${from(packet)}${more})`, 'addressListErrors');
}

function learned({ instance, packet, header }: Received): Partial<InstanceState> {
  const { config } = instance;
  if (packet.ah !== undefined) {
    const sequencesSeen = new Map(instance.sequencesSeen).set(addressId(packet.source), packet.ahSequence);
    return { sequence: Math.max(instance.sequence, packet.ahSequence), sequencesSeen };
  }
  if (
    config.version === 2 ||
    config.unicast?.oldChecksum !== 'auto' ||
    checksumFor(instance, packet.source, packet.destination).kind === 'plain'
  )
    return {};
  const old = vrrpChecksum(packet.summed, { kind: 'old', source: packet.source, destination: packet.destination }) === header.checksum;
  const current =
    vrrpChecksum(packet.summed, { kind: 'pseudo', source: packet.source, destination: packet.destination }) === header.checksum;
  return old === current ? {} : { oldChecksum: old };
}
