import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../test/support/properties.js';
import { ChunkedDecoder, chunkLine, lastChunk } from './chunked.js';
import { type HttpRefusal, Refusals } from './refusal.js';

interface Decoded {
  readonly data: string;
  readonly trailers: string;
  readonly isDone: boolean;
  /** What belongs to the next message. */
  readonly rest: string;
  readonly refusal: HttpRefusal | undefined;
}

function decode(text: string, cuts: readonly number[] = []): Decoded {
  const decoder = new ChunkedDecoder();
  const places = [0, ...[...cuts].sort((a, b) => a - b), text.length];
  let data = '';
  for (let index = 1; index < places.length; index++) {
    const bytes = Buffer.from(text.slice(places[index - 1], places[index]), 'latin1');
    const end = decoder.decode(bytes, 0, bytes.length);
    if (typeof end !== 'number') return { data, trailers: '', isDone: false, rest: '', refusal: end };
    data += bytes.toString('latin1', decoder.dataFrom, decoder.dataTo);
    if (decoder.isDone)
      return { data, trailers: decoder.trailers, isDone: true, rest: text.slice((places[index - 1] ?? 0) + end), refusal: undefined };
  }
  return { data, trailers: '', isDone: false, rest: '', refusal: undefined };
}

test('data, trailers and what follows are separated', () => {
  assert.deepEqual(decode('3\r\nabc\r\n00A;x="y"\r\n0123456789\r\n0\r\nX: y\r\n\r\nGET /'), {
    data: 'abc0123456789',
    trailers: 'X: y\r\n',
    isDone: true,
    rest: 'GET /',
    refusal: undefined,
  });
  assert.equal(decode('3\r\nab').isDone, false);
});

test('a trailer with an underscore in its name is not passed on, as a field of a head', () => {
  assert.equal(decode('0\r\nX_Real_IP: y\r\nX: y\r\nX_Forwarded_For: z\r\n\r\n').trailers, 'X: y\r\n');
});

const REFUSED: readonly (readonly [text: string, refusal: HttpRefusal])[] = [
  ['\r\n', Refusals.chunkSize],
  ['0x1\r\na\r\n0\r\n\r\n', Refusals.chunkSize],
  ['-1\r\n', Refusals.chunkSize],
  [' 1\r\n', Refusals.chunkSize],
  ['1 \r\n', Refusals.chunkSize],
  [`1${'0'.repeat(12)}\r\n`, Refusals.chunkSize],
  ['1\na\r\n', Refusals.chunkSize],
  ['1\r\ra', Refusals.chunkLine],
  ['1;a\nX\r\na\r\n0\r\n\r\n', Refusals.chunkExtension],
  ['1;\0\r\na', Refusals.chunkExtension],
  [`1;${'e'.repeat(1025)}`, Refusals.chunkExtension],
  [`1;${'e'.repeat(600)}\r\na\r\n1;${'e'.repeat(600)}`, Refusals.chunkExtension],
  ['1\r\na\n0\r\n\r\n', Refusals.chunkLine],
  ['1\r\nab\r\n', Refusals.chunkLine],
  ['0\r\nX: y\n\r\n', Refusals.bareLineFeed],
  ['0\r\nX: y\rZ', Refusals.bareCarriageReturn],
  ['0\r\nContent-Length: 5\r\n\r\n', Refusals.trailer],
  ['0\r\nx-forwarded-for: 5\r\n\r\n', Refusals.trailer],
  ['0\r\nX-Real-IP: 192.0.2.1\r\n\r\n', Refusals.trailer],
  ['0\r\nX : y\r\n\r\n', Refusals.fieldName],
  ['0\r\n\rX', Refusals.chunkLine],
  [`0\r\nX: ${'y'.repeat(8192)}`, Refusals.trailerMax],
];

test('what is not exactly the coding is refused', () => {
  for (const [text, refusal] of REFUSED) assert.deepEqual(decode(text).refusal, refusal, JSON.stringify(text.slice(0, 40)));
});

const chunks = fc.array(fc.string({ minLength: 1, maxLength: 40, unit: fc.constantFrom(...'abc\r\n0;\xff') }), { maxLength: 8 });

test('any split of the bytes gives the same body, trailers and rest', () => {
  fc.assert(
    fc.property(chunks, fc.constantFrom('', 'A: b\r\nC: d\r\n'), fc.array(fc.nat(300), { maxLength: 12 }), (data, trailers, cuts) => {
      const text = `${data.map((one) => `${chunkLine(one.length)}${one}\r\n`).join('')}${lastChunk(trailers)}NEXT`;
      const places = cuts.map((cut) => Math.min(cut, text.length));
      const { rest, ...body } = decode(text, places);
      assert.deepEqual(body, { data: data.join(''), trailers, isDone: true, refusal: undefined });
      assert.equal(rest, 'NEXT');
    }),
  );
});

test('no bytes make the decoder fail, and any split of them is refused for the same reason', () => {
  const bytes = fc.string({ maxLength: 60, unit: fc.constantFrom(...'0123aF;\r\n x:') });
  fc.assert(
    fc.property(bytes, fc.array(fc.nat(60), { maxLength: 8 }), (text, cuts) => {
      const whole = decode(text);
      const split = decode(
        text,
        cuts.map((cut) => Math.min(cut, text.length)),
      );
      assert.deepEqual([split.refusal, split.isDone, split.rest], [whole.refusal, whole.isDone, whole.rest]);
    }),
  );
});
