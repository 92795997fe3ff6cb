// The chunked coding (RFC 9112 §7.1), decoded in place: the data of all chunks that a read brought stands side by side afterwards. What is
// forwarded gets chunks of our own, so that no extension and no odd line passes this hop.
import { scanFields } from './fields.js';
import { type HttpRefusal, Refusals } from './refusal.js';

const SIZE_DIGITS_MAX = 12;
/** How many bytes of extensions a body may be ahead of its data, so that no byte of data costs a kilobyte. */
const EXTENSIONS_MAX_BYTES = 1024;
const TRAILERS_MAX_BYTES = 8192;

const CR = 13;
const LF = 10;
const SEMICOLON = 59;
const HTAB = 9;
const SPACE = 32;
const DELETE = 127;

type Place =
  | 'size'
  | 'extension'
  | 'size-lf'
  | 'data'
  | 'data-cr'
  | 'data-lf'
  | 'trailer-start'
  | 'trailer'
  | 'trailer-lf'
  | 'last-lf'
  | 'done';

function hexValue(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const letter = code | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}

/** Decodes one body. After each call of `decode` the data is in bytes[dataFrom, dataTo). */
export class ChunkedDecoder {
  dataFrom = 0;
  dataTo = 0;
  #place: Place = 'size';
  #left = 0;
  #digits = 0;
  #extensionBytes = 0;
  #trailers = '';

  /** The body ended. */
  get isDone(): boolean {
    return this.#place === 'done';
  }

  /** The trailer lines, each with its CRLF. */
  get trailers(): string {
    return this.#trailers;
  }

  /** Decodes bytes[from, to) and answers with the place behind what belongs to this body; or why it is refused. */
  decode(bytes: Uint8Array, from: number, to: number): number | HttpRefusal {
    this.dataFrom = from;
    this.dataTo = from;
    let at = from;
    while (at < to && this.#place !== 'done') {
      if (this.#place === 'data') {
        at = this.#takeData(bytes, at, to);
        continue;
      }
      const refusal = this.#takeByte(bytes[at]!);
      if (refusal !== undefined) return refusal;
      at++;
    }
    return at;
  }

  #takeData(bytes: Uint8Array, at: number, to: number): number {
    const length = Math.min(this.#left, to - at);
    if (this.dataTo === this.dataFrom) {
      this.dataFrom = at;
      this.dataTo = at + length;
    } else {
      bytes.copyWithin(this.dataTo, at, at + length);
      this.dataTo += length;
    }
    this.#left -= length;
    if (this.#left === 0) this.#place = 'data-cr';
    return at + length;
  }

  #takeByte(code: number): HttpRefusal | undefined {
    switch (this.#place) {
      case 'size':
        return this.#takeSize(code);
      case 'extension':
        return this.#takeExtension(code);
      case 'size-lf':
        if (code !== LF) return Refusals.chunkLine;
        this.#place = this.#left === 0 ? 'trailer-start' : 'data';
        this.#extensionBytes = Math.max(0, this.#extensionBytes - this.#left);
        return undefined;
      case 'data-cr':
        if (code !== CR) return Refusals.chunkLine;
        this.#place = 'data-lf';
        return undefined;
      case 'data-lf':
        if (code !== LF) return Refusals.chunkLine;
        this.#place = 'size';
        this.#digits = 0;
        return undefined;
      default:
        return this.#takeTrailer(code);
    }
  }

  #takeSize(code: number): HttpRefusal | undefined {
    const value = hexValue(code);
    if (value >= 0) {
      this.#left = this.#left * 16 + value;
      return ++this.#digits > SIZE_DIGITS_MAX ? Refusals.chunkSize : undefined;
    }
    if (this.#digits === 0) return Refusals.chunkSize;
    if (code === CR) this.#place = 'size-lf';
    else if (code === SEMICOLON) this.#place = 'extension';
    else return Refusals.chunkSize;
    return undefined;
  }

  #takeExtension(code: number): HttpRefusal | undefined {
    if (code === CR) {
      this.#place = 'size-lf';
      return undefined;
    }
    const isAllowed = code === HTAB || (code >= SPACE && code !== DELETE);
    return isAllowed && ++this.#extensionBytes <= EXTENSIONS_MAX_BYTES ? undefined : Refusals.chunkExtension;
  }

  #takeTrailer(code: number): HttpRefusal | undefined {
    switch (this.#place) {
      case 'trailer-start':
        if (code === CR) this.#place = 'last-lf';
        else return this.#addTrailer(code);
        return undefined;
      case 'trailer':
        return this.#addTrailer(code);
      case 'trailer-lf':
        if (code !== LF) return Refusals.bareCarriageReturn;
        this.#trailers += '\r\n';
        this.#place = 'trailer-start';
        return undefined;
      default:
        if (code !== LF) return Refusals.chunkLine;
        return this.#end();
    }
  }

  #addTrailer(code: number): HttpRefusal | undefined {
    if (code === CR) {
      this.#place = 'trailer-lf';
      return undefined;
    }
    if (code === LF) return Refusals.bareLineFeed;
    if (this.#trailers.length >= TRAILERS_MAX_BYTES) return Refusals.trailerMax;
    this.#trailers += String.fromCharCode(code);
    this.#place = 'trailer';
    return undefined;
  }

  #end(): HttpRefusal | undefined {
    this.#place = 'done';
    if (this.#trailers === '') return undefined;
    const fields = scanFields(this.#trailers, 0, 'trailer');
    if (fields.kind === 'refusal') return fields;
    this.#trailers = fields.lines;
    return undefined;
  }
}

/** The line before a chunk of so many bytes; CRLF stands behind its data. */
export const chunkLine = (bytes: number): string => `${bytes.toString(16)}\r\n`;

/** The end of a body. `trailers`: lines, each with its CRLF. */
export const lastChunk = (trailers: string): string => `0\r\n${trailers}\r\n`;
