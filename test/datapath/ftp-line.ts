// What a frame of TCP carries.
import { parseFrame } from '../../src/datapath/memory/packets/parse.js';
import { viewOf } from '../../src/wire/bytes.js';

const [ETHERNET_BYTES, WORDS_AT] = [14, 12] as const;

/** @throws Error where it is no segment of TCP */
export function carried(frame: Uint8Array): { readonly sourcePort: number; readonly text: string } {
  const { packet } = parseFrame(frame, 0);
  if (packet === undefined) throw new Error('no packet of TCP');
  const at = ETHERNET_BYTES + packet.header;
  const data = at + (viewOf(frame).getUint8(at + WORDS_AT) >> 4) * 4;
  return { sourcePort: packet.sourcePort, text: String.fromCharCode(...frame.subarray(data)) };
}
