// The body of a request on its way: its end is found, and what is sent on is framed again by lengths of our own.
import { CHUNKED } from '../../wire/http/body.js';
import { ChunkedDecoder, chunkLine, lastChunk } from '../../wire/http/chunked.js';
import { type HttpRefusal, Refusals } from '../../wire/http/refusal.js';
import type { Stream } from './stream.js';

export class RequestBody {
  /** Bytes still to come of a body with a length. */
  #left: number;
  #bytes = 0;
  readonly #decoder: ChunkedDecoder | undefined;

  /** `maxBytes`: 0: no limit. */
  constructor(
    length: number,
    readonly maxBytes: number,
  ) {
    this.#left = Math.max(length, 0);
    this.#decoder = length === CHUNKED ? new ChunkedDecoder() : undefined;
  }

  get isDone(): boolean {
    return this.#decoder === undefined ? this.#left === 0 : this.#decoder.isDone;
  }

  /** How much of slab[from, to) belongs to a body with a length. */
  lengthIn(from: number, to: number): number {
    return Math.min(this.#left, to - from);
  }

  get hasLength(): boolean {
    return this.#decoder === undefined;
  }

  /** Counts bytes of a body with a length, which the caller sends. */
  count(bytes: number): void {
    this.#left -= bytes;
  }

  /** The end of what belongs to the body in bytes[from, to); its data is between dataFrom and dataTo. */
  decode(bytes: Uint8Array, from: number, to: number): number | HttpRefusal {
    const decoder = this.#decoder!;
    const end = decoder.decode(bytes, from, to);
    this.#bytes += decoder.dataTo - decoder.dataFrom;
    return this.maxBytes > 0 && this.#bytes > this.maxBytes ? Refusals.bodyMax : end;
  }

  /** Sends what `decode` found, as one chunk, and the last chunk where the body ended. */
  sendDecoded(stream: Stream): void {
    const { dataFrom, dataTo, isDone, trailers } = this.#decoder!;
    const end = isDone ? lastChunk(trailers) : '';
    if (dataTo > dataFrom) stream.sendAround(chunkLine(dataTo - dataFrom), dataFrom, dataTo, `\r\n${end}`);
    else if (end !== '') stream.sendText(end);
  }
}
