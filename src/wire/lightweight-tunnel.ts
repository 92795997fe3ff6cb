// Lightweight tunnels of routes (linux/lwtunnel.h, mpls_iptunnel.h, ila.h): attribute 21 the type, 22 the tunnel's own attributes.
//
//     mpls (1): 1 labels, 4 bytes each, big-endian: | label (20) | class (3) | bottom (1) | TTL (8) |
//     ip (2): 1 id (8, big-endian), 2 destination, 3 source, 4 TTL, 5 TOS, 6 flags (2, big-endian)
//     ila (3): 1 locator (8, big-endian)
//     ip6 (4): as ip
import type { RouteEncap } from '../model/keepalived/network.js';
import { encodeAddress } from './address-bytes.js';
import { hostIsLittleEndian as little, viewOf } from './bytes.js';
import { type Attribute, nested } from './netlink.js';

const TYPES = { mpls: 1, ip: 2, ila: 3, ip6: 4 } as const;

/** Bytes of `length`, written by `write`. */
function bytes(length: number, write: (view: DataView) => void): Uint8Array {
  const out = new Uint8Array(length);
  write(viewOf(out));
  return out;
}

function labels(values: readonly number[]): Uint8Array {
  return bytes(4 * values.length, (view) => {
    for (const [index, label] of values.entries()) {
      const bottom = index === values.length - 1 ? 0x100 : 0;
      view.setUint32(4 * index, ((label << 12) | bottom) >>> 0);
    }
  });
}

function own(encap: RouteEncap): readonly Attribute[] {
  if (encap.kind === 'mpls') return [{ type: 1, payload: labels(encap.labels) }];
  if (encap.kind === 'ila') {
    const { locator } = encap;
    return [{ type: 1, payload: bytes(8, (view) => locator.forEach((word, index) => view.setUint16(2 * index, word))) }];
  }
  const { id, destination, source, ttl, tos, flags } = encap;
  return [
    ...(id === undefined ? [] : [{ type: 1, payload: bytes(8, (view) => view.setBigUint64(0, id)) }]),
    ...(destination === undefined ? [] : [{ type: 2, payload: encodeAddress(destination) }]),
    ...(source === undefined ? [] : [{ type: 3, payload: encodeAddress(source) }]),
    ...(ttl === undefined ? [] : [{ type: 4, payload: Uint8Array.of(ttl) }]),
    ...(tos === undefined ? [] : [{ type: 5, payload: Uint8Array.of(tos) }]),
    ...(flags === undefined ? [] : [{ type: 6, payload: bytes(2, (view) => view.setUint16(0, flags)) }]),
  ];
}

/** RTA_ENCAP_TYPE and RTA_ENCAP; nothing for a route without. */
export function encapAttributes(encap: RouteEncap | undefined): readonly Attribute[] {
  if (encap === undefined) return [];
  return [{ type: 21, payload: bytes(2, (view) => view.setUint16(0, TYPES[encap.kind], little)) }, nested(22, own(encap))];
}
