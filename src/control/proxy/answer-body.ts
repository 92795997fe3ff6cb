// The body of an answer on its way to the client: framed again by lengths of our own, or until the connection's end for HTTP/1.0.
import { CHUNKED, UNTIL_CLOSE } from '../../wire/http/body.js';
import { ChunkedDecoder, chunkLine, lastChunk } from '../../wire/http/chunked.js';
import type { ClientCoding } from '../../wire/http/forwarded-head.js';
import type { HttpRefusal } from '../../wire/http/refusal.js';
import type { Stream } from './stream.js';

export class AnswerBody {
  /** The server sent more than its body. */
  hasExcess = false;
  #left: number;
  #isDone: boolean;
  readonly #decoder: ChunkedDecoder | undefined;
  readonly #untilClose: boolean;

  constructor(
    length: number,
    readonly coding: ClientCoding,
    readonly takesTrailers: boolean,
    /** The client's connection ends behind it. */
    readonly endsStream: boolean,
  ) {
    this.#left = Math.max(length, 0);
    this.#decoder = length === CHUNKED ? new ChunkedDecoder() : undefined;
    this.#untilClose = length === UNTIL_CLOSE;
    this.#isDone = length === 0;
  }

  get isDone(): boolean {
    return this.#isDone;
  }

  /** Sends what of slab[from, to) belongs to the body, behind `head`. */
  send(stream: Stream, head: string, from: number, to: number): HttpRefusal | undefined {
    stream.headBytes += head.length;
    if (this.#decoder !== undefined) return this.#sendDecoded(this.#decoder, stream, head, from, to);
    const end = this.#untilClose ? to : from + Math.min(this.#left, to - from);
    if (!this.#untilClose) {
      this.hasExcess ||= end < to;
      this.#left -= end - from;
      this.#isDone = this.#left === 0;
    }
    this.#sendData(stream, head, from, end, '');
    return undefined;
  }

  #sendData(stream: Stream, head: string, from: number, to: number, end: string): void {
    const endFollows = this.endsStream && this.#isDone;
    if (to === from) {
      if (head !== '' || end !== '') stream.sendText(head + end, endFollows);
    } else if (this.coding === 'chunked') stream.sendAround(head + chunkLine(to - from), from, to, `\r\n${end}`, endFollows);
    else stream.sendAround(head, from, to, '', endFollows);
  }

  #sendDecoded(decoder: ChunkedDecoder, stream: Stream, head: string, from: number, to: number): HttpRefusal | undefined {
    const consumed = decoder.decode(stream.table.edge.slab, from, to);
    if (typeof consumed !== 'number') return consumed;
    this.hasExcess ||= consumed < to;
    this.#isDone = decoder.isDone;
    const end = decoder.isDone && this.coding === 'chunked' ? lastChunk(this.takesTrailers ? decoder.trailers : '') : '';
    this.#sendData(stream, head, decoder.dataFrom, decoder.dataTo, end);
    return undefined;
  }

  /** The server's connection ended. Whether that ends the body rightly. `stream` may be closed afterwards. */
  end(stream: Stream): boolean {
    if (!this.#untilClose) return this.#isDone;
    this.#isDone = true;
    if (this.coding === 'chunked') stream.sendText(lastChunk(''), this.endsStream);
    return true;
  }
}
