// The digest of items: the same at both ends, in any order, and another one where anything but a time is another.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../test/support/properties.js';
import { type AnyItem, itemOf } from '../../../test/support/stream-objects.js';
import { connections, sampleConnection, sampleHello, templates } from '../../../test/support/stream-records.js';
import { StreamDecoder } from './stream-decoder.js';
import { addDigests, itemHash } from './stream-digest.js';
import { StreamEncoder } from './stream-encoder.js';
import type { StreamItem } from './stream-item.js';

const hashOf = (one: AnyItem, ended = false): number => itemHash(one.kind, ended, itemOf(one));
const sum = (hashes: readonly number[]): number => hashes.reduce(addDigests, 0);

test('what a decoder finds has the digest of what was sent, in any order', () => {
  const any = fc.tuple(fc.oneof<fc.Arbitrary<AnyItem>[]>(connections, templates), fc.boolean());
  fc.assert(
    fc.property(fc.array(any, { minLength: 1, maxLength: 40 }), (all) => {
      const encoder = new StreamEncoder();
      encoder.record(sampleHello);
      for (const [one, ended] of all) encoder.item(one.kind, ended, itemOf(one, 50), 7);
      const blocks = new StreamDecoder().push(encoder.take()).records.flatMap((record) => (record.kind === 'items' ? [record] : []));
      const expected = sum([...all].reverse().map(([one, ended]) => hashOf(one, ended)));
      assert.equal(sum(blocks.map(({ digest }) => digest)), expected);
    }),
  );
});

test('anything but a time makes another hash', () => {
  const base = hashOf(sampleConnection);
  const { connection } = sampleConnection;
  const other = (changed: Partial<typeof connection>) => ({ ...sampleConnection, connection: { ...connection, ...changed } });
  const server = { ...sampleConnection.destination, port: 8081 };
  const others: readonly AnyItem[] = [
    other({ client: { ...connection.client, port: 1 } }),
    other({ state: 4 }),
    other({ seen: { answered: true, proven: true } }),
    other({ method: 'route' }),
    { ...other({ server }), destination: server },
  ];
  assert.equal(new Set([base, hashOf(sampleConnection, true), ...others.map((one) => hashOf(one))]).size, others.length + 2);
  assert.equal(hashOf(other({ seconds: 3 })), base);
  assert.equal(itemHash('connection', false, itemOf(sampleConnection, 5000)), base);
});

test('digests of many connections that are next to each other are spread', () => {
  const item: StreamItem = itemOf(sampleConnection);
  const found = new Set<number>();
  for (let client = 0; client < 64; client++)
    for (let port = 0; port < 1024; port++) {
      item.client[0] = client << 24;
      item.port = port;
      found.add(itemHash('connection', false, item));
    }
  assert.ok(found.size > 64 * 1024 - 8, `${found.size}`);
});
