// Readers of HTTP/1.1 that are as lenient as programs in use are, each in its own way. A byte sequence is unambiguous where all of them read the
// same messages in it: then no program behind the proxy can find a request that the proxy did not send.

/** What a reader takes although RFC 9112 does not. */
export interface Leniency {
  /** LF alone ends a line. */
  readonly bareLf: boolean;
  /** Of Content-Length and Transfer-Encoding the former counts. */
  readonly lengthFirst: boolean;
  /** White space before the colon of a field belongs to neither. */
  readonly spacedName: boolean;
  /** A coding that has `chunked` anywhere is chunked. */
  readonly looseCoding: boolean;
  /** Of several lengths the last one counts; else the first. */
  readonly lastLength: boolean;
}

const FLAGS = ['bareLf', 'lengthFirst', 'spacedName', 'looseCoding', 'lastLength'] as const;

/** All 32. */
export const LENIENCIES: readonly Leniency[] = Array.from(
  { length: 1 << FLAGS.length },
  (_, bits) => Object.fromEntries(FLAGS.map((flag, bit) => [flag, (bits & (1 << bit)) !== 0])) as unknown as Leniency,
);

export interface Message {
  /** The request line or the status line. */
  readonly line: string;
  /** The lines of its fields. */
  readonly fields: readonly string[];
  readonly body: string;
}

export interface Reading {
  readonly messages: readonly Message[];
  /** What no whole message was found in. */
  readonly rest: string;
}

/** How the body of a response with this head is found besides; undefined: by its fields. */
export type BodyRule = (line: string) => 'none' | 'until-close' | undefined;

function lineAt(text: string, at: number, { bareLf }: Leniency): { readonly line: string; readonly next: number } | undefined {
  const end = text.indexOf(bareLf ? '\n' : '\r\n', at);
  if (end < 0) return undefined;
  return bareLf ? { line: text.slice(at, end).replace(/\r$/, ''), next: end + 1 } : { line: text.slice(at, end), next: end + 2 };
}

function chunkedAt(text: string, from: number, leniency: Leniency): { readonly body: string; readonly next: number } | undefined {
  let body = '';
  for (let at = from; ; ) {
    const size = lineAt(text, at, leniency);
    const length = size === undefined ? Number.NaN : Number.parseInt(size.line, 16);
    if (size === undefined || Number.isNaN(length)) return undefined;
    at = size.next;
    if (length === 0) {
      for (let line = lineAt(text, at, leniency); line !== undefined; line = lineAt(text, at, leniency)) {
        at = line.next;
        if (line.line === '') return { body, next: at };
      }
      return undefined;
    }
    if (text.length < at + length) return undefined;
    body += text.slice(at, at + length);
    const end = lineAt(text, at + length, leniency);
    if (end === undefined) return undefined;
    at = end.next;
  }
}

type Framing = { readonly kind: 'length'; readonly bytes: number } | { readonly kind: 'chunked' } | { readonly kind: 'none' };

function framingOf(fields: readonly string[], { spacedName, looseCoding, lastLength, lengthFirst }: Leniency): Framing {
  const values = (name: string): readonly string[] =>
    fields.flatMap((field) => {
      const [, found = '', value = ''] = /^([^:]*):(.*)$/.exec(field) ?? [];
      return (spacedName ? found.trim() : found).toLowerCase() === name ? [value.trim()] : [];
    });
  const lengths = values('content-length').map((value) => Number.parseInt(value, 10));
  const bytes = lastLength ? lengths.at(-1) : lengths[0];
  const isChunked = values('transfer-encoding').some((value) => (looseCoding ? /chunked/i.test(value) : value.toLowerCase() === 'chunked'));
  if (isChunked && (bytes === undefined || !lengthFirst)) return { kind: 'chunked' };
  return bytes === undefined || Number.isNaN(bytes) ? { kind: 'none' } : { kind: 'length', bytes };
}

/** The messages that a reader finds. `isClosed`: nothing comes behind the text. */
export function readMessages(text: string, leniency: Leniency, rule: BodyRule = () => undefined, isClosed = false): Reading {
  const messages: Message[] = [];
  for (let at = 0; ; ) {
    let place = lineAt(text, at, leniency);
    while (place?.line === '') place = lineAt(text, place.next, leniency);
    const fields: string[] = [];
    const first = place?.line ?? '';
    for (place = place && lineAt(text, place.next, leniency); place !== undefined && place.line !== ''; ) {
      fields.push(place.line);
      place = lineAt(text, place.next, leniency);
    }
    if (place === undefined) return { messages, rest: text.slice(at) };
    const how = rule(first);
    const framing = how === 'none' ? ({ kind: 'none' } as const) : framingOf(fields, leniency);
    if (how !== 'none' && framing.kind === 'none' && rule(first) === 'until-close') {
      return isClosed
        ? { messages: [...messages, { line: first, fields, body: text.slice(place.next) }], rest: '' }
        : { messages, rest: text.slice(at) };
    }
    const found =
      framing.kind === 'chunked'
        ? chunkedAt(text, place.next, leniency)
        : {
            body: text.slice(place.next, place.next + (framing.kind === 'length' ? framing.bytes : 0)),
            next: place.next + (framing.kind === 'length' ? framing.bytes : 0),
          };
    if (found === undefined || found.next > text.length) return { messages, rest: text.slice(at) };
    messages.push({ line: first, fields, body: found.body });
    at = found.next;
  }
}

/** What all readers find. @throws Error where two of them differ */
export function oneReading(text: string, rule?: BodyRule): Reading {
  const [first, ...others] = LENIENCIES.map((leniency) => readMessages(text, leniency, rule));
  const expected = JSON.stringify(first);
  if (first === undefined || others.some((other) => JSON.stringify(other) !== expected)) {
    throw new Error(`two readers differ about ${JSON.stringify(text)}`);
  }
  return first;
}
