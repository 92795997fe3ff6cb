// An instance's adverts: made, authenticated and addressed.
import type { Address } from '../../../model/address.js';
import { IpProtocol } from '../../../model/ip-protocol.js';
import type { Authentication, VrrpInstance } from '../../../model/keepalived/instance.js';
import { concat, viewOf } from '../../../wire/bytes.js';
import { AuthType, encodeVrrp, V3_INTERVAL_MAX, type VrrpChecksum, vrrpChecksum } from '../../../wire/vrrp.js';
import { encodeAh, type HmacTrailer, hmacTrailer, passwordBytes } from '../../../wire/vrrp-auth.js';
import { change, count, instanceAt, logInstanceDetail, type VrrpContext } from '../context.js';
import { sendInterface } from '../interfaces/placement.js';
import type { InstanceState } from '../state/instance-state.js';
import { fieldsOf, nextStamp, stampAt } from './hmac-stamp.js';

/** 255, for unicast, too, unless unicast_ttl is configured. */
const TTL_MAX = 255;

/** Sends one advert to the group or to every peer. Does nothing without a source address. */
export function sendAdvert(context: VrrpContext, index: number): void {
  const { source, priority } = instanceAt(context, index);
  if (source !== undefined) sendFrom(context, index, source, priority);
}

function sendFrom(context: VrrpContext, index: number, source: Address, priority: number): void {
  const { config } = instanceAt(context, index);
  const trailer = nextTrailer(context, index);
  for (const destination of destinations(config)) sendTo(context, index, { priority, source, destination, trailer });
  count(context, index, 'advertsSent');
}

/** Notifies the backups that this master leaves (RFC 3768 §6.4.3), also if it leaves because its source address is gone. */
export function sendZeroPriority(context: VrrpContext, index: number): void {
  const { source, lastSource } = instanceAt(context, index);
  const as = source ?? (lastSource?.family === 'inet' ? lastSource : undefined);
  if (as === undefined) return;
  sendFrom(context, index, as, 0);
  count(context, index, 'zeroPrioritySent');
  logInstanceDetail(context, index, 'sent 0 priority');
}

function destinations(config: VrrpInstance): readonly Address[] {
  return config.unicast === undefined ? [config.multicastGroup] : config.unicast.peers.map((peer) => peer.address);
}

interface Advert {
  readonly priority: number;
  readonly source: Address;
  readonly destination: Address;
  readonly trailer: Trailer | undefined;
}

function sendTo(context: VrrpContext, index: number, { priority, source, destination, trailer }: Advert): void {
  const instance = instanceAt(context, index);
  const { config } = instance;
  const ah = config.authentication.kind === 'ah';
  const packetId = config.family === 'inet' ? (instance.packetId % 0xffff) + 1 : 0;
  const sequence = (instance.sequence + (ah ? 1 : 0)) >>> 0;
  const ttl = config.unicast?.ttl ?? TTL_MAX;
  change(context, index, { packetId, sequence });
  const message = encodeMessage(instance, priority, source, destination);
  const envelope = { source, destination, ttl, id: packetId, unicast: config.unicast !== undefined };
  context.effects.push({
    kind: 'send',
    instance: config.name,
    interface: sendInterface(context.machine, config),
    source,
    destination,
    ttl,
    protocol: ah ? IpProtocol.ah : IpProtocol.vrrp,
    id: packetId,
    payload: ah
      ? encodeAh(passwordOf(config.authentication), envelope, sequence, message)
      : withTrailer(message, source, destination, trailer),
  });
}

function encodeMessage(instance: InstanceState, priority: number, source: Address, destination: Address): Uint8Array {
  const { config } = instance;
  const seconds = config.version === 2;
  const interval = Math.round(config.advertUs / (seconds ? 1_000_000 : 10_000));
  const { authentication } = config;
  return encodeVrrp(
    {
      version: config.version,
      vrid: config.vrid,
      priority,
      authType: seconds ? authTypeOf(authentication) : AuthType.none,
      interval: Math.min(interval, seconds ? 0xff : V3_INTERVAL_MAX),
      addresses: config.addresses.map(({ address }) => address),
      ...(authentication.kind === 'pass' ? { authData: passwordOf(authentication) } : {}),
    },
    checksumFor(instance, source, destination),
  );
}

/** The kind of checksum that this instance's peers accept. */
export function checksumFor(instance: InstanceState, source: Address, destination: Address): VrrpChecksum {
  const { config } = instance;
  if (config.version === 2 || (config.v3ChecksumAsV2 && config.family === 'inet')) return { kind: 'plain' };
  return { kind: instance.oldChecksum ? 'old' : 'pseudo', source, destination };
}

export function authTypeOf(authentication: Authentication): number {
  if (authentication.kind === 'pass') return AuthType.pass;
  return authentication.kind === 'ah' ? AuthType.ah : AuthType.none;
}

export function passwordOf(authentication: Authentication): Uint8Array {
  return passwordBytes('password' in authentication ? authentication.password : '');
}

/** The key of an id; undefined: its bytes are not known. */
export function hmacKey(authentication: Authentication, id: number): Uint8Array | undefined {
  if (authentication.kind !== 'hmac') return undefined;
  const hex = authentication.keys.find((key) => key.id === id)?.hex;
  if (hex === undefined) return undefined;
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** What auth_hmac appends to an advert: one stamp for all its copies. */
interface Trailer {
  readonly key: Uint8Array;
  readonly fields: HmacTrailer;
}

/** Takes the next stamp. Undefined: the instance does not sign its adverts. */
function nextTrailer(context: VrrpContext, index: number): Trailer | undefined {
  const { config, hmacSent } = instanceAt(context, index);
  const { authentication } = config;
  if (authentication.kind !== 'hmac' || authentication.mode === 'receive-only') return undefined;
  const { activeKey, antiReplay, timeWindowUs } = authentication;
  const key = hmacKey(authentication, activeKey);
  if (key === undefined) return undefined;
  const now = stampAt(context.atUs + (context.machine.wallOffsetUs ?? 0));
  const stamp = nextStamp(hmacSent, now, antiReplay === 'time' ? timeWindowUs / 1_000_000 : undefined);
  change(context, index, { hmacSent: stamp });
  return { key, fields: { keyId: activeKey, ...fieldsOf(stamp) } };
}

/** The message with its trailer. Over IPv6 the kernel computes the checksum over both (RFC 3542 §3.1). */
function withTrailer(message: Uint8Array, source: Address, destination: Address, trailer: Trailer | undefined): Uint8Array {
  if (trailer === undefined) return message;
  const whole = concat(message, hmacTrailer(trailer.key, source, message, trailer.fields));
  if (source.family === 'inet6') viewOf(whole).setUint16(6, vrrpChecksum(whole, { kind: 'pseudo', source, destination }));
  return whole;
}
