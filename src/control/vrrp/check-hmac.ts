// auth_hmac on receive: key, digest, freshness. Not in keepalived before 2.4; texts are ours.
import { formatAddress } from '../../model/address-text.js';
import { openHmac } from '../../wire/vrrp-auth.js';
import { hmacKey } from './advert.js';
import type { Refusal } from './checks.js';
import type { HmacStamp, InstanceState } from './machine.js';
import type { ArrivedPacket } from './packet.js';
import { addressKey } from './place.js';

export interface HmacVerdict {
  readonly refusal?: Refusal;
  /** Wrong, but let through: any mode but enforce. */
  readonly note?: Refusal;
  readonly patch: Partial<InstanceState>;
}

export function checkHmac(instance: InstanceState, packet: ArrivedPacket, wallUs: number | undefined): HmacVerdict {
  const { authentication } = instance.config;
  if (authentication.kind !== 'hmac') return { patch: {} };
  const wrong = wrongWith(instance, packet, wallUs);
  if (typeof wrong !== 'string') return { patch: { hmacSeen: wrong.seen } };
  const refusal: Refusal = { text: `auth_hmac: ${wrong} (from ${formatAddress(packet.source)})`, counter: 'authFailures', foreign: true };
  return authentication.mode === 'enforce' ? { refusal, patch: {} } : { note: refusal, patch: {} };
}

/** What is wrong, or the stamps seen with this one. */
function wrongWith(
  instance: InstanceState,
  packet: ArrivedPacket,
  wallUs: number | undefined,
): string | { readonly seen: ReadonlyMap<string, HmacStamp> } {
  const { authentication } = instance.config;
  if (authentication.kind !== 'hmac') return { seen: instance.hmacSeen };
  const trailer = openHmac((id) => hmacKey(authentication, id), packet.source, packet.message);
  if (trailer === undefined || packet.body.length === packet.message.length) return 'no trailer';
  if (!trailer.genuine) {
    return hmacKey(authentication, trailer.keyId) === undefined ? `unknown key ${trailer.keyId}` : 'wrong digest: key or packet differs';
  }
  const offUs = wallUs === undefined ? 0 : Math.abs(wallUs - trailer.seconds * 1_000_000);
  if (authentication.antiReplay === 'time' && wallUs === undefined) return 'the time of day is not known';
  if (authentication.antiReplay === 'time' && offUs > authentication.timeWindowUs) {
    return `stamp is ${Math.round(offUs / 1_000_000)} s off: clocks differ, or a replay`;
  }
  const key = addressKey(packet.source);
  const stamp = { ticks: trailer.seconds * 0x10000 + trailer.subSecond, counter: trailer.counter };
  if (!isNewer(stamp, instance.hmacSeen.get(key))) return 'stamp not newer than the last: a replay';
  return { seen: new Map(instance.hmacSeen).set(key, stamp) };
}

function isNewer(stamp: HmacStamp, last: HmacStamp | undefined): boolean {
  if (last === undefined || stamp.ticks !== last.ticks) return last === undefined || stamp.ticks > last.ticks;
  return stamp.counter > last.counter;
}
