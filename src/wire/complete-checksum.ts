// The checksum of TCP and UDP that a sender has left to its device: in such a frame stands the sum of the pseudo-header, not inverted. A frame that enters
// the stack again needs the whole one.
import { fold, sumWords } from './checksum.js';

const ETHERNET = 14;
const [IPV4, IPV6] = [0x0800, 0x86dd];
const [TCP, UDP] = [6, 17];
/** Extension headers of IPv6 whose second byte is their length: for hop-by-hop options, routing, and options of the destination. */
const EXTENSIONS: readonly number[] = [0, 43, 60];

/** Where the header of TCP or UDP begins, and what the sum of its pseudo-header is. */
interface Transport {
  readonly at: number;
  readonly length: number;
  readonly protocol: number;
  readonly pseudo: number;
}

const word = (frame: Uint8Array, at: number): number => ((frame[at] ?? 0) << 8) | (frame[at + 1] ?? 0);

/** Behind the headers of IP: where, and of which protocol. */
function payloadOf(frame: Uint8Array, isV4: boolean): readonly [at: number, protocol: number] {
  if (isV4) return [ETHERNET + ((frame[ETHERNET] ?? 0) & 15) * 4, frame[23] ?? 0];
  let [at, protocol] = [ETHERNET + 40, frame[20] ?? 0];
  while (EXTENSIONS.includes(protocol) && at + 8 <= frame.length) [at, protocol] = [at + ((frame[at + 1] ?? 0) + 1) * 8, frame[at] ?? 0];
  return [at, protocol];
}

function transportOf(frame: Uint8Array): Transport | undefined {
  const type = word(frame, 12);
  const isV4 = type === IPV4;
  if (!isV4 && type !== IPV6) return undefined;
  const addresses = isV4 ? frame.subarray(26, 34) : frame.subarray(22, 54);
  const [at, protocol] = payloadOf(frame, isV4);
  const end = isV4 ? ETHERNET + word(frame, 16) : ETHERNET + 40 + word(frame, 18);
  const length = end - at;
  if (length < 8 || end > frame.length) return undefined;
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
