// DNS queries of one question, and the header of their answers (RFC 1035 §4.1). Names are as a person writes them: `example.com.`
import { viewOf } from './bytes.js';

/** TYPE values (§3.2.2, RFC 3596). */
export const DNS_TYPES: Readonly<Record<string, number>> = { A: 1, NS: 2, CNAME: 5, SOA: 6, MX: 15, TXT: 16, AAAA: 28 };

const HEADER_BYTES = 12;
const LABEL_MAX = 63;
const NAME_MAX = 255;
const RECURSION_DESIRED = 0x0100;
const CLASS_IN = 1;

/** The labels of a name on the wire. @throws RangeError for a label or a name that is too long, or an empty label in the middle */
function encodeName(name: string): Uint8Array {
  const labels = name
    .replace(/\.$/, '')
    .split('.')
    .filter((label, index, all) => all.length > 1 || label !== '' || index > 0)
    .map((label) => new TextEncoder().encode(label));
  const out: number[] = [];
  for (const label of labels) {
    if (label.length === 0 || label.length > LABEL_MAX) throw new RangeError(`a label of ${label.length} bytes`);
    out.push(label.length, ...label);
  }
  out.push(0);
  if (out.length > NAME_MAX) throw new RangeError(`a name of ${out.length} bytes`);
  return Uint8Array.from(out);
}

/** A query for one name, recursion desired. @throws RangeError for a name that has no form on the wire */
export function dnsQuery(id: number, name: string, type: number): Uint8Array {
  const question = encodeName(name);
  const out = new Uint8Array(HEADER_BYTES + question.length + 4);
  const view = viewOf(out);
  view.setUint16(0, id);
  view.setUint16(2, RECURSION_DESIRED);
  view.setUint16(4, 1);
  out.set(question, HEADER_BYTES);
  view.setUint16(HEADER_BYTES + question.length, type);
  view.setUint16(HEADER_BYTES + question.length + 2, CLASS_IN);
  return out;
}

/** The header of a message that is an answer; undefined: it is none, or too short. */
export function dnsAnswer(message: Uint8Array): { readonly id: number; readonly code: number } | undefined {
  if (message.length < HEADER_BYTES) return undefined;
  const view = viewOf(message);
  const flags = view.getUint16(2);
  return (flags & 0x8000) === 0 ? undefined : { id: view.getUint16(0), code: flags & 0xf };
}
