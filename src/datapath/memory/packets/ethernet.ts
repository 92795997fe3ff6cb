// The link addresses of a frame.
import { concat } from '../../../wire/bytes.js';
import { type Mac, macBytes, macText } from '../../../wire/ethernet.js';

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

export const isHandedIn = (frame: Uint8Array): boolean => frame.subarray(0, 6).every((byte) => byte === 0);

/** Of the other end of weir's own device. */
const FAR_END: Mac = '02:77:65:69:72:01';

/** The frame, to that end. */
export function toFarEnd(frame: Uint8Array): Uint8Array {
  const copy = frame.slice();
  copy.set(macBytes(FAR_END), 0);
  return copy;
}

/** At that end: neither for it nor for a group of stations. */
export const isForNobody = (frame: Uint8Array): boolean => ((frame[0] ?? 1) & 1) === 0 && macText(frame.subarray(0, 6)) !== FAR_END;

export const comesFromGroup = (frame: Uint8Array): boolean => ((frame[6] ?? 0) & 1) !== 0;
