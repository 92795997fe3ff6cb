// Ethernet II frames, with any number of VLAN tags.
//
//      0                   6                   12        14
//     +-------------------+-------------------+---------+-----------
//     |  destination (6)  |    source (6)     |type (2) | payload …
//     +-------------------+-------------------+---------+-----------
//     each VLAN tag is before the type:       |tpid (2) |tci (2) |
import { hexOf } from '../model/hex.js';
import { concat, viewOf } from './bytes.js';

/** A link-layer address as text: six lower-case hexadecimal bytes, `02:00:5e:10:00:01`. */
export type Mac = string;

export const BROADCAST_MAC: Mac = 'ff:ff:ff:ff:ff:ff';
export const ZERO_MAC: Mac = '00:00:00:00:00:00';

export const EtherType = { ipv4: 0x0800, arp: 0x0806, vlan: 0x8100, ipv6: 0x86dd, qinq: 0x88a8 } as const;

/** `tpid`: 0x8100 or 0x88a8; `tci`: priority, drop bit and VLAN number together, 16 bits. */
export interface VlanTag {
  readonly tpid: number;
  readonly tci: number;
}

export interface EthernetFrame {
  readonly destination: Mac;
  readonly source: Mac;
  /** Outermost first; empty for an untagged frame. */
  readonly tags: readonly VlanTag[];
  readonly etherType: number;
  readonly payload: Uint8Array;
}

/** @throws RangeError when the text is not six hexadecimal bytes */
export function macBytes(mac: Mac): Uint8Array {
  if (!/^[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}$/.test(mac)) throw new RangeError(`not a MAC address: ${mac}`);
  return Uint8Array.from(mac.split(':'), (byte) => Number.parseInt(byte, 16));
}

/** The text of these bytes (of any length: tunnels have link addresses of 4 bytes). */
export function macText(bytes: Uint8Array): Mac {
  return hexOf(bytes, ':');
}

export function encodeEthernet(frame: EthernetFrame): Uint8Array {
  const middle = new Uint8Array(frame.tags.length * 4 + 2);
  const view = viewOf(middle);
  frame.tags.forEach((tag, index) => {
    view.setUint16(index * 4, tag.tpid);
    view.setUint16(index * 4 + 2, tag.tci);
  });
  view.setUint16(frame.tags.length * 4, frame.etherType);
  return concat(macBytes(frame.destination), macBytes(frame.source), middle, frame.payload);
}

/** The frame, or undefined when it is too short for its header and tags. */
export function decodeEthernet(bytes: Uint8Array): EthernetFrame | undefined {
  if (bytes.length < 14) return undefined;
  const view = viewOf(bytes);
  const tags: VlanTag[] = [];
  let at = 12;
  let etherType = view.getUint16(at);
  while (etherType === EtherType.vlan || etherType === EtherType.qinq) {
    if (at + 6 > bytes.length) return undefined;
    tags.push({ tpid: etherType, tci: view.getUint16(at + 2) });
    at += 4;
    etherType = view.getUint16(at);
  }
  return {
    destination: macText(bytes.subarray(0, 6)),
    source: macText(bytes.subarray(6, 12)),
    tags,
    etherType,
    payload: bytes.slice(at + 2),
  };
}
