// The text that -R reads, line by line into words, in bounded memory.
import { WeirError } from '../../model/errors/weir-error.js';

/** Longer words are cut into pieces, as by ipvsadm's buffer. */
const WORD_LENGTH_MAX = 4095;
/** ipvsadm has no such limit. Without one, 100 MB without a line end would be kept in memory. */
const LINE_BYTES_MAX = 1 << 20;

const LINE_END = 0x0a;

/** One line of a restore: its number, from 1, and its words. */
export interface RestoreLine {
  readonly number: number;
  readonly words: readonly string[];
}

function wordsOf(line: string): string[] {
  const words: string[] = [];
  for (const word of line.split(/[ \t\r]+/)) {
    if (word === '') continue;
    for (let at = 0; at < word.length; at += WORD_LENGTH_MAX) words.push(word.slice(at, at + WORD_LENGTH_MAX));
  }
  // Words are C strings there: what stands behind a zero byte does not count.
  return words.map((word) => (word.includes('\0') ? word.slice(0, word.indexOf('\0')) : word)).filter((word) => word !== 'ipvsadm');
}

/** Takes chunks of bytes, gives the lines that are complete. */
export class RestoreLines {
  #rest: Buffer = Buffer.alloc(0);
  #number = 0;

  /** @throws WeirError restore-line-long */
  *push(chunk: Uint8Array): Generator<RestoreLine> {
    const bytes =
      this.#rest.length === 0 ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength) : Buffer.concat([this.#rest, chunk]);
    let start = 0;
    for (let end = bytes.indexOf(LINE_END); end >= 0; end = bytes.indexOf(LINE_END, start)) {
      const line = end === start ? this.#blank() : this.#line(bytes.toString('utf8', start, end));
      start = end + 1;
      if (line !== undefined) yield line;
    }
    this.#rest = Buffer.from(bytes.subarray(start));
    if (this.#rest.length > LINE_BYTES_MAX) throw new WeirError('restore-line-long', { line: this.#number + 1, bytesMax: LINE_BYTES_MAX });
  }

  /** The last line, when no line end follows it. */
  end(): RestoreLine | undefined {
    const text = this.#rest.toString('utf8');
    this.#rest = Buffer.alloc(0);
    return text === '' ? undefined : this.#line(text);
  }

  #blank(): undefined {
    this.#number++;
  }

  /** undefined: nothing on it. */
  #line(text: string): RestoreLine | undefined {
    this.#number++;
    const words = wordsOf(text);
    return words.length === 0 ? undefined : { number: this.#number, words };
  }
}
