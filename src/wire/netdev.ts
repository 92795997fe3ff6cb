// What an interface can do with XDP: generic netlink's family "netdev" (Linux 6.3; kernel: Documentation/netlink/specs/netdev.yaml).
//
//      0               1               2               3
//     +---------------+---------------+-------------------------------+
//     |    command    |    version    |               0               |
//     |   attributes: 1 interface index, 3 XDP features (64 bits)
//     +---------------------------------------------------------------+
import { concat, hostIsLittleEndian as little, viewOf } from './bytes.js';
import { attributeMap, encodeAttributes, type NetlinkRequest, u32Attribute } from './netlink.js';

const DEVICE_GET = 1;
const INDEX = 1;
const XDP_FEATURES = 3;
/** Frames that are redirected to the interface leave by it: its driver has ndo_xdp_xmit, and for a veth the other end takes them. */
export const XDP_TRANSMITS = 4n;

export function getDevice(family: number, ifindex: number): NetlinkRequest {
  const payload = concat(Uint8Array.of(DEVICE_GET, 1, 0, 0), encodeAttributes([u32Attribute(INDEX, ifindex)]));
  return { type: family, flags: 0, payload };
}

/** undefined for bytes that are no such answer. */
export function decodeXdpFeatures(payload: Uint8Array): bigint | undefined {
  const features = payload.length < 4 ? undefined : attributeMap(payload.subarray(4))?.get(XDP_FEATURES);
  return features?.length === 8 ? viewOf(features).getBigUint64(0, little) : undefined;
}
