// Validates auth_hmac: form, age, key, digest, and replays, in the order and with the texts of keepalived 2.4.
import { formatAddress } from '../../../model/address-text.js';
import { addressId, sameAddress } from '../../../model/identity.js';
import { decodeHmac } from '../../../wire/vrrp-auth.js';
import { hmacKey } from '../send/advert.js';
import { isNewerStamp, secondsBehind, secondsOf, stampOf } from '../send/hmac-stamp.js';
import type { Counters } from '../state/counters.js';
import type { HmacStamp, InstanceState } from '../state/instance-state.js';
import type { ArrivedPacket } from './packet.js';
import type { Refusal } from './refusal.js';

export interface HmacVerdict {
  readonly refusal?: Refusal;
  /** Accepted, with a warning. */
  readonly note?: Refusal;
  readonly patch: Partial<InstanceState>;
}

type Hmac = Extract<InstanceState['config']['authentication'], { kind: 'hmac' }>;

const SECOND_US = 1_000_000;

/** @param wallUs time since 1970 in µs, where it is known */
export function validateHmac(instance: InstanceState, packet: ArrivedPacket, wallUs: number | undefined): HmacVerdict {
  const { authentication, unicast } = instance.config;
  if (authentication.kind !== 'hmac') return { patch: {} };
  const source = formatAddress(packet.source);
  if (packet.body.length === packet.message.length) {
    return authentication.mode === 'enforce' ? refused(`missing authentication trailer from ${source}`, 'hmacMissing') : { patch: {} };
  }
  if (unicast !== undefined && !unicast.peers.some(({ address }) => sameAddress(address, packet.source))) {
    return refused(`unicast source address ${source} not a unicast peer`, 'notPeerErrors');
  }
  return validateTrailer(instance, authentication, packet, wallUs === undefined ? undefined : Math.floor(wallUs / SECOND_US));
}

const refused = (text: string, counter: keyof Counters): HmacVerdict => ({ refusal: { text, counter, foreign: true }, patch: {} });

/** A trailer must be valid in every mode. The digest comes last, so that a flood of replayed packets costs no digests. */
function validateTrailer(instance: InstanceState, own: Hmac, packet: ArrivedPacket, nowS: number | undefined): HmacVerdict {
  const source = formatAddress(packet.source);
  const trailer = decodeHmac((id) => hmacKey(own, id), packet.source, packet.message, packet.body.length);
  if (trailer === undefined) return refused(`malformed authentication trailer from ${source}`, 'hmacMalformed');
  const byTime = own.antiReplay === 'time';
  const windowS = own.timeWindowUs / SECOND_US;
  const skewS = nowS === undefined ? 0 : secondsBehind(nowS, trailer.seconds);
  if (byTime && nowS === undefined)
    return refused(`stale authentication trailer from ${source}, for our time of day is not known`, 'hmacStale');
  if (byTime && Math.abs(skewS) > windowS) {
    return refused(`stale authentication trailer from ${source}, clock skew ${skewS} sec exceeds window ${windowS} sec`, 'hmacStale');
  }
  if (trailer.key === undefined) return refused(`unknown authentication key id ${trailer.keyId} from ${source}`, 'hmacUnknownKeys');
  if (!trailer.valid()) return refused(`invalid authentication HMAC from ${source}: its key or the packet differs`, 'hmacInvalid');
  const stamp = stampOf(trailer);
  const last = instance.hmacSeen.get(addressId(packet.source));
  const counts = last !== undefined && !(byTime && nowS !== undefined && isForgotten(last, nowS, windowS));
  if (counts && !isNewerStamp(stamp, last)) return refused(`replayed authentication trailer from ${source}`, 'hmacReplays');
  const patch = { hmacSeen: new Map(instance.hmacSeen).set(addressId(packet.source), stamp) };
  if (!byTime || Math.abs(skewS) <= Math.floor(windowS / 2)) return { patch };
  const text = `authentication clock skew ${skewS} sec from ${source} approaching window ${windowS} sec`;
  return { note: { text, counter: 'clockSkews', foreign: false }, patch };
}

/** A last stamp outside of the window is forgotten: else a sender whose clock was set back would be refused for long. */
const isForgotten = (mark: HmacStamp, nowS: number, windowS: number): boolean => Math.abs(secondsBehind(nowS, secondsOf(mark))) > windowS;
