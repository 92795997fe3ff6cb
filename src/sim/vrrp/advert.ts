// The fields of an advert that the invariants need, decoded without the codec under test.
import type { Address } from '../../model/address.js';
import { type AdvertProtocol, IpProtocol } from '../../model/ip-protocol.js';

export interface SeenAdvert {
  readonly version: number;
  readonly vrid: number;
  readonly priority: number;
  readonly addresses: readonly Address[];
  /** µs */
  readonly intervalUs: number;
}

const AH_BYTES = 24;

/** `payload`: what follows the IP header. Undefined: it is too short. */
export function seeAdvert(payload: Uint8Array, protocol: AdvertProtocol, family: Address['family']): SeenAdvert | undefined {
  const bytes = protocol === IpProtocol.ah ? payload.subarray(AH_BYTES) : payload;
  const size = family === 'inet' ? 4 : 16;
  const count = bytes[3] ?? 0;
  if (bytes.length < 8 + count * size) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const addresses = Array.from({ length: count }, (_, index) => ({
    family,
    words: Array.from({ length: size / 4 }, (_unused, word) => view.getUint32(8 + index * size + 4 * word)),
  }));
  const version = view.getUint8(0) >> 4;
  return {
    version,
    vrid: view.getUint8(1),
    priority: view.getUint8(2),
    addresses,
    intervalUs: version === 2 ? view.getUint8(5) * 1_000_000 : (view.getUint16(4) & 0xfff) * 10_000,
  };
}
