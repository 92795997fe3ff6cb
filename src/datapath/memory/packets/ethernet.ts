// The link addresses of a frame.
import { concat } from '../../../wire/bytes.js';
import { type Mac, macBytes } from '../../../wire/ethernet.js';

export const ETHERNET_BYTES = 14;

export function setMacs(frame: Uint8Array, to: Mac, from: Mac): void {
  frame.set(macBytes(to), 0);
  frame.set(macBytes(from), 6);
}

/** `ip` to the station that the frame came from. */
export const answerTo = (frame: Uint8Array, ip: Uint8Array): Uint8Array =>
  concat(frame.subarray(6, 12), frame.subarray(0, 6), frame.subarray(12, ETHERNET_BYTES), ip);

/** A frame that enters the director's own stack by lo. */
export function handIn(frame: Uint8Array): void {
  frame.fill(0, 0, 6);
}

export const comesFromGroup = (frame: Uint8Array): boolean => ((frame[6] ?? 0) & 1) !== 0;
