// All that the director of a bed has, as bytes of weir's own stream, and such bytes into its tables.
import assert from 'node:assert/strict';
import type { ApplyOptions, ConnectionApplier } from '../../src/datapath/ebpf/sync/connection-applier.js';
import type { ConnectionNews } from '../../src/datapath/ebpf/sync/connection-news.js';
import { OwnItems } from '../../src/datapath/ebpf/sync/own-items.js';
import { APPLIED, type Applied } from '../../src/model/foreign-connection.js';
import { ItemReader } from '../../src/wire/sync/stream-block.js';
import { StreamDecoder } from '../../src/wire/sync/stream-decoder.js';
import { StreamEncoder } from '../../src/wire/sync/stream-encoder.js';
import { StreamItem } from '../../src/wire/sync/stream-item.js';
import { sampleHello } from '../support/stream-records.js';
import type { Bed } from './bed.js';

export function ownBytes(news: ConnectionNews): Uint8Array {
  const items = new OwnItems(news.tables);
  const encoder = new StreamEncoder();
  encoder.record(sampleHello);
  items.refresh();
  const to = items.to({ item: (what, item) => encoder.item(what, false, item, 0), ended: () => assert.fail('nothing has ended') });
  while (news.scan(256, to));
  items.close();
  return encoder.take();
}

/** What became of the items. */
export function applyBytes(
  { director }: Bed,
  applier: ConnectionApplier,
  bytes: Uint8Array,
  options: ApplyOptions = {},
): readonly (Applied | undefined)[] {
  const { records, refused } = new StreamDecoder().push(bytes);
  assert.equal(refused, undefined);
  const blocks = records.flatMap((block) => (block.kind === 'items' ? [{ block, delay: 0 }] : []));
  const count = blocks.reduce((sum, { block }) => sum + block.count, 0);
  return [...director.exclusively(() => applier.applyItems(blocks, count, options))].map((answer) => APPLIED[answer]);
}

/** The same items, changed. */
export function changedBytes(bytes: Uint8Array, change: (item: StreamItem) => void, ended = false): Uint8Array {
  const encoder = new StreamEncoder();
  encoder.record(sampleHello);
  for (const block of new StreamDecoder().push(bytes).records) {
    if (block.kind !== 'items') continue;
    const [reader, item] = [new ItemReader(block), new StreamItem()];
    while (reader.next(item)) {
      change(item);
      encoder.item(block.what, ended, item, 0);
    }
  }
  return encoder.take();
}
