// The checksum of TCP and UDP that a sender has left to its device: in such a frame stands the sum of the pseudo-header, not inverted. A frame that enters
// the stack again needs the whole one.
import { fold, sumWords } from './checksum.js';

const ETHERNET = 14;
const [IPV4, IPV6] = [0x0800, 0x86dd];
const [TCP, UDP] = [6, 17];

/** Where the header of TCP or UDP begins, and what the sum of its pseudo-header is. */
interface Transport {
  readonly at: number;
  readonly length: number;
  readonly protocol: number;
  readonly pseudo: number;
}

const word = (frame: Uint8Array, at: number): number => ((frame[at] ?? 0) << 8) | (frame[at + 1] ?? 0);

function transportOf(frame: Uint8Array): Transport | undefined {
  const type = word(frame, 12);
  const isV4 = type === IPV4;
  if (!isV4 && type !== IPV6) return undefined;
  const [header, addresses] = isV4 ? [((frame[ETHERNET] ?? 0) & 15) * 4, frame.subarray(26, 34)] : [40, frame.subarray(22, 54)];
  const protocol = frame[isV4 ? 23 : 20] ?? 0;
  const at = ETHERNET + header;
  const length = isV4 ? word(frame, 16) - header : word(frame, 18);
  if (length < 8 || at + length > frame.length) return undefined;
  return { at, length, protocol, pseudo: fold(sumWords(addresses, protocol + length)) };
}

/** Completes it in the frame, without tags of VLANs, where it is left to a device. What is right or wrong already stays as it is. */
export function completeChecksum(frame: Uint8Array): void {
  const transport = transportOf(frame);
  if (transport === undefined || (transport.protocol !== TCP && transport.protocol !== UDP)) return;
  const { at, length, protocol, pseudo } = transport;
  const place = at + (protocol === TCP ? 16 : 6);
  if (word(frame, place) !== pseudo) return;
  const bytes = frame.subarray(at, at + length);
  // A right sum may look like that of a pseudo-header: then all words together give none.
  if (fold(sumWords(bytes, pseudo)) === 0xffff) return;
  const sum = ~fold(sumWords(bytes)) & 0xffff;
  const whole = protocol === UDP && sum === 0 ? 0xffff : sum;
  frame[place] = whole >> 8;
  frame[place + 1] = whole & 0xff;
}
