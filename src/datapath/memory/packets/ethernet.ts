// The link addresses of a frame.
import { type Mac, macBytes } from '../../../wire/ethernet.js';

export const ETHERNET_BYTES = 14;

export function setMacs(frame: Uint8Array, to: Mac, from: Mac): void {
  frame.set(macBytes(to), 0);
  frame.set(macBytes(from), 6);
}

/** A frame that enters the director's own stack by lo. */
export function handIn(frame: Uint8Array): void {
  frame.fill(0, 0, 6);
}

export const comesFromGroup = (frame: Uint8Array): boolean => ((frame[6] ?? 0) & 1) !== 0;
