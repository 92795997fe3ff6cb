// Streams with changed bytes, through decoder and receiver: nothing throws, and nothing is applied after a refusal.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mutate, randomFrom } from '../../../../test/support/mutate.js';
import { sampleStream } from '../../../../test/support/stream-records.js';
import { APPLIED } from '../../../model/foreign-connection.js';
import { ItemReader } from '../../../wire/sync/stream-block.js';
import { StreamDecoder } from '../../../wire/sync/stream-decoder.js';
import { StreamItem } from '../../../wire/sync/stream-item.js';
import { StreamReceiver } from './stream-receiver.js';

const STREAMS = 20_000;

test('mutated streams are refused or applied, and nothing comes after a refusal', () => {
  const random = randomFrom(1);
  const sample = sampleStream();
  let [applied, refusals] = [0, 0];
  for (let n = 0; n < STREAMS; n++) {
    const decoder = new StreamDecoder();
    const receiver = new StreamReceiver({
      node: 'lb2',
      id: '2'.repeat(16),
      memory: {},
      digests: true,
      lost: () => 0,
      now: () => n,
      apply: ({ blocks, count }) => {
        applied += count;
        const item = new StreamItem();
        let read = 0;
        for (const { block } of blocks) for (const items = new ItemReader(block); items.next(item); read++) assert.ok(item.destination);
        assert.equal(read, count);
        return new Uint8Array(count).fill(APPLIED.indexOf('made'));
      },
    });
    const bytes = mutate(sample, random);
    const { records, refused } = decoder.push(bytes);
    assert.ok(records.length <= bytes.length);
    receiver.take(records);
    while (receiver.deliver() !== undefined);
    assert.equal(receiver.state.waiting, 0);
    if (refused === undefined) continue;
    refusals += 1;
    assert.deepEqual(decoder.push(sample), { records: [], refused });
  }
  assert.ok(applied > STREAMS / 10 && refusals > STREAMS / 10, `${applied} ${refusals}`);
});
