// What authenticates adverts besides VRRP's own 8 bytes: keepalived's IPsec AH (auth_type AH) and the trailer of auth_hmac.
//
//  AH (RFC 4302 form, HMAC-MD5-96), before the VRRP message, IP protocol 51:
//     +---------------+---------------+-------------------------------+
//     | next hdr 112  |   length 4    |               0               |
//     |                SPI: the sender's IPv4 address                 |
//     |                       sequence number                         |
//     |              12 bytes: HMAC-MD5 over the packet               |
//     +---------------------------------------------------------------+
//  auth_hmac, behind the VRRP message (28 bytes; keepalived 2.4, draft-cassen-vrrp-auth-hmac):
//     +---------------+---------------+-------------------------------+
//     |    type 1     |    key id     |               0               |
//     |                      seconds since 1970                       |
//     |          1/65536 s            |            counter            |
//     |             16 bytes: HMAC-SHA256, cut to 128 bit             |
//     +---------------------------------------------------------------+
import type { Address } from '../model/address.js';
import { IpProtocol } from '../model/ip-protocol.js';
import { encodeAddress } from './address-bytes.js';
import { concat, viewOf } from './bytes.js';
import { hmac, sameBytes } from './hmac.js';
import { encodeIpv4, IPV4_DEFAULTS } from './ipv4.js';
import { md5 } from './md5.js';
import { sha256 } from './sha256.js';

export const AH_BYTES = 24;
export const HMAC_TRAILER_BYTES = 28;
const AH_DIGEST_AT = 12;
const MAC_AT = 12;

/** The 8 zero-padded bytes of an auth_pass, as both PASS and AH use them. */
export function passwordBytes(password: string): Uint8Array {
  const out = new Uint8Array(8);
  for (let index = 0; index < 8 && index < password.length; index++) out[index] = password.charCodeAt(index);
  return out;
}

export interface AhEnvelope {
  readonly source: Address;
  readonly destination: Address;
  readonly ttl: number;
  /** The IPv4 identification: no router changes it, so it is covered (RFC 4302 §3.3.3.1.1). */
  readonly id: number;
  /** Unicast packets pass routers: their TTL is not covered. */
  readonly unicast: boolean;
}

function ahDigest(key: Uint8Array, envelope: AhEnvelope, header: Uint8Array, message: Uint8Array): Uint8Array {
  const payload = concat(header, message);
  payload.fill(0, AH_DIGEST_AT, AH_BYTES);
  const { source, destination, id } = envelope;
  const ttl = envelope.unicast ? 0 : envelope.ttl;
  const covered = encodeIpv4({ ...IPV4_DEFAULTS, id, ttl, protocol: IpProtocol.ah, source, destination, payload, checksum: 0 });
  return hmac(md5, key, covered).subarray(0, 12);
}

/** AH header and message, ready to follow the IP header. @throws RangeError for other than IPv4 addresses */
export function encodeAh(key: Uint8Array, envelope: AhEnvelope, sequence: number, message: Uint8Array): Uint8Array {
  const header = new Uint8Array(AH_BYTES);
  const view = viewOf(header);
  header.set([IpProtocol.vrrp, 4]);
  header.set(encodeAddress(envelope.source), 4);
  view.setUint32(8, sequence >>> 0);
  header.set(ahDigest(key, envelope, header, message), AH_DIGEST_AT);
  return concat(header, message);
}

export interface DecodedAh {
  readonly spi: number;
  readonly sequence: number;
  readonly valid: boolean;
  readonly message: Uint8Array;
}

/** What follows an IP header of protocol 51; undefined if that is no AH with a digest of 96 bits in front of VRRP. */
export function decodeAh(key: Uint8Array, envelope: AhEnvelope, payload: Uint8Array): DecodedAh | undefined {
  if (payload.length < AH_BYTES || payload[0] !== IpProtocol.vrrp || payload[1] !== 4) return undefined;
  const header = payload.subarray(0, AH_BYTES);
  const message = payload.subarray(AH_BYTES);
  const view = viewOf(header);
  const valid = sameBytes(header.subarray(AH_DIGEST_AT), ahDigest(key, envelope, header, message));
  return { spi: view.getUint32(4), sequence: view.getUint32(8), valid, message };
}

export interface HmacTrailer {
  readonly keyId: number;
  /** Since 1970, modulo 2^32. */
  readonly seconds: number;
  /** 1/65536 s */
  readonly subSecond: number;
  /** Orders adverts of one time. */
  readonly counter: number;
}

/** The 20 bytes that bind a message to its sender: family, version, VRID, 0, address in 16 bytes (IPv4 first, then zeros). */
function hmacPseudo(source: Address, message: Uint8Array): Uint8Array {
  const out = new Uint8Array(20);
  out.set([source.family === 'inet' ? 4 : 6, (message[0] ?? 0) >> 4, message[1] ?? 0, 0]);
  out.set(encodeAddress(source), 4);
  return out;
}

/** The checksum is left out: over IPv6 it covers the trailer. */
function trailerMac(key: Uint8Array, source: Address, message: Uint8Array, trailer: Uint8Array): Uint8Array {
  const unsummed = message.slice();
  unsummed.fill(0, 6, 8);
  const blank = trailer.slice();
  blank.fill(0, MAC_AT);
  return hmac(sha256, key, concat(hmacPseudo(source, message), unsummed, blank)).subarray(0, 16);
}

/** The trailer of a message. */
export function hmacTrailer(key: Uint8Array, source: Address, message: Uint8Array, fields: HmacTrailer): Uint8Array {
  const trailer = new Uint8Array(HMAC_TRAILER_BYTES);
  const view = viewOf(trailer);
  trailer.set([1, fields.keyId]);
  view.setUint32(4, fields.seconds >>> 0);
  view.setUint16(8, fields.subSecond);
  view.setUint16(10, fields.counter);
  trailer.set(trailerMac(key, source, message, trailer), MAC_AT);
  return trailer;
}

export interface DecodedHmac extends HmacTrailer {
  /** Undefined: the id is unknown. */
  readonly key: Uint8Array | undefined;
  /** Is the digest right? Computed on demand. */
  readonly valid: () => boolean;
}

/** What follows the first `length` bytes; undefined if that is no trailer of type 1. `keyOf` returns undefined for unknown ids. */
export function decodeHmac(
  keyOf: (id: number) => Uint8Array | undefined,
  source: Address,
  bytes: Uint8Array,
  length: number,
): DecodedHmac | undefined {
  const trailer = bytes.subarray(length);
  if (length < 8 || trailer.length !== HMAC_TRAILER_BYTES || trailer[0] !== 1) return undefined;
  const view = viewOf(trailer);
  if (view.getUint16(2) !== 0) return undefined;
  const keyId = view.getUint8(1);
  const key = keyOf(keyId);
  const valid = (): boolean =>
    key !== undefined && sameBytes(trailer.subarray(MAC_AT), trailerMac(key, source, bytes.subarray(0, length), trailer));
  return { keyId, seconds: view.getUint32(4), subSecond: view.getUint16(8), counter: view.getUint16(10), key, valid };
}
