// A million hostile inputs of each plane: forged, replayed, cut and changed. Nothing throws, all that is refused has its reason, nothing is taken after a
// refusal, and no memory grows.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mutate, type Random, randomBytes, randomFrom } from '../../../test/support/mutate.js';
import { itemOf } from '../../../test/support/stream-objects.js';
import { sampleConnection, sampleStream } from '../../../test/support/stream-records.js';
import { recordedSyncDatagrams } from '../../../test/support/sync-datagrams.js';
import { APPLIED } from '../../model/foreign-connection.js';
import { addressId, destinationId } from '../../model/identity.js';
import { concat } from '../../wire/bytes.js';
import { StreamDecoder } from '../../wire/sync/stream-decoder.js';
import { StreamEncoder } from '../../wire/sync/stream-encoder.js';
import { GOODBYE_REASONS, STREAM_REFUSALS } from '../../wire/sync/stream-record.js';
import { decodeSyncMessage, ENTRY_FAULTS, ENTRY_REFUSALS, MESSAGE_REFUSALS } from '../../wire/sync/sync-message.js';
import { connectionOf, templateOf } from './kernel-entries.js';
import { StreamReceiver } from './stream/stream-receiver.js';
import { type NewsSink, StreamSender } from './stream/stream-sender.js';
import { Unbound } from './unbound.js';

const INPUTS = 1_000_000;
/** Heap that is no leak: what is not collected yet. Inputs that were all kept would take several times as much. */
const HEAP_BYTES = 256 << 20;
const WINDOW = 65_536;
const UNBOUND_MAX = 65_536;

async function withoutGrowth(work: () => void): Promise<void> {
  const before = process.memoryUsage().heapUsed;
  work();
  const grown = process.memoryUsage().heapUsed - before;
  assert.ok(grown < HEAP_BYTES, `${grown} bytes more are in use`);
}

/** One input of an attacker who has seen the sample. */
function forged(sample: Uint8Array, random: Random): Uint8Array {
  switch (random(8)) {
    case 0:
      return randomBytes(random, 1 + random(200));
    case 1:
      return sample.slice(0, random(sample.length));
    case 2:
      return concat(sample, sample);
    case 3: {
      const bytes = sample.slice();
      bytes[random(bytes.length)]! ^= 1 << random(8);
      return bytes;
    }
    default:
      return mutate(sample, random);
  }
}

test(`${INPUTS / 2} streams to a receiver`, () =>
  withoutGrowth(() => {
    const random = randomFrom(13);
    const sample = sampleStream();
    const reasons = new Map<string, number>();
    let applied = 0;
    for (let n = 0; n < INPUTS / 2; n++) {
      const decoder = new StreamDecoder();
      const receiver = new StreamReceiver({
        node: 'lb2',
        id: '2'.repeat(16),
        memory: {},
        digests: true,
        drains: true,
        overrides: true,
        lost: () => 0,
        now: () => n,
        apply: ({ count }) => {
          applied += count;
          return new Uint8Array(count).fill(APPLIED.indexOf('made'));
        },
      });
      const { records, refused } = decoder.push(forged(sample, random));
      const reason = receiver.take(records) ?? refused;
      while (receiver.deliver() !== undefined);
      assert.equal(receiver.state.waiting, 0);
      assert.ok(receiver.drains.length + receiver.overrides.length < 100);
      if (reason === undefined) continue;
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
      if (refused !== undefined) assert.deepEqual(decoder.push(sample), { records: [], refused });
    }
    const known: readonly string[] = [...STREAM_REFUSALS, ...GOODBYE_REASONS];
    assert.ok([...reasons.keys()].every((reason) => known.includes(reason)));
    assert.ok(reasons.size > 12 && (reasons.get('order') ?? 0) > INPUTS / 100, JSON.stringify([...reasons]));
    assert.ok(applied > INPUTS / 10);
  }));

/** What a receiver answers, of which an attacker knows all. */
const answers = (): Uint8Array =>
  new StreamEncoder().encode(
    { kind: 'hello', node: 'lb2', id: '2'.repeat(16) },
    { kind: 'refused', number: 0, count: 2, reason: 'full' },
    { kind: 'ack', count: 3 },
    { kind: 'digest', count: 3, sum: 5, lost: 0 },
    { kind: 'refused', number: 3, count: 1, reason: 'newer' },
    { kind: 'again' },
    { kind: 'ack', count: 6 },
  );

test(`${INPUTS / 2} answers to a sender`, () =>
  withoutGrowth(() => {
    const random = randomFrom(14);
    const sample = answers();
    let [refusals, taken] = [0, 0];
    const item = itemOf(sampleConnection);
    for (let n = 0; n < INPUTS / 2; n++) {
      let places = 0;
      const table = { refused: () => places++, disputed: () => places++ };
      const look = (to: NewsSink): boolean => {
        for (let k = 0; k < 6; k++) to.item('connection', item, table, k, k, 0);
        return false;
      };
      const source = { look, forget: () => {}, forgetRefused: () => {} };
      const sender = new StreamSender({ node: 'lb1', id: '1'.repeat(16), source, digests: true, replies: true, now: () => n });
      sender.begin();
      sender.take([{ kind: 'hello', node: 'lb2', id: '2'.repeat(16) }]);
      sender.look();
      const decoder = new StreamDecoder();
      const { records, refused } = decoder.push(forged(sample, random));
      if (!sender.take(records) || refused !== undefined) refusals += 1;
      else taken += 1;
      const { items, waiting, lacking } = sender.state;
      assert.ok(waiting >= 0 && waiting <= items && items <= WINDOW, `${waiting} of ${items}`);
      assert.ok(lacking.full <= INPUTS && places <= 6 * records.length);
    }
    assert.ok(refusals > INPUTS / 20 && taken > INPUTS / 20, `${refusals} ${taken}`);
  }));

test(`${INPUTS} messages of the kernel's protocol to a backup without services`, () =>
  withoutGrowth(() => {
    const random = randomFrom(15);
    const samples = recordedSyncDatagrams().map(({ bytes }) => bytes);
    const endings: readonly string[] = [...MESSAGE_REFUSALS, ...ENTRY_FAULTS];
    const met = new Map<string, number>();
    const connections = new Unbound<NonNullable<ReturnType<typeof connectionOf>>>(
      ({ client, virtual }) => `${destinationId(client)} ${destinationId(virtual)}`,
    );
    const templates = new Unbound<NonNullable<ReturnType<typeof templateOf>>>(({ client }) => addressId(client));
    let taken = 0;
    for (let n = 0; n < INPUTS; n++) {
      const bytes = forged(samples[random(samples.length)] ?? assert.fail('no samples'), random);
      // Most changes of a length are found by the size already.
      if (random(4) !== 0 && bytes.length >= 4) [bytes[2], bytes[3]] = [bytes.length >> 8, bytes.length & 0xff];
      const { version, entries, refused, unread } = decodeSyncMessage(bytes, { syncId: random(4) === 0 ? 7 : 0 });
      const skipped = [...refused].reduce((sum, [reason, count]) => sum + (endings.includes(reason) ? 0 : count), 0);
      const announced = version === undefined ? 0 : (bytes[version === 1 ? 4 : 0] ?? 0);
      assert.equal(entries.length + skipped + unread, announced, Buffer.from(bytes).toString('hex'));
      for (const [reason, count] of refused) met.set(reason, (met.get(reason) ?? 0) + count);
      for (const entry of entries) {
        const [connection, template] = [connectionOf(entry), templateOf(entry)];
        if (connection !== undefined) connections.keep(connection, n);
        if (template !== undefined) templates.keep(template, n);
        taken += 1;
      }
    }
    for (const reason of [...MESSAGE_REFUSALS, ...ENTRY_FAULTS, ...ENTRY_REFUSALS])
      assert.ok((met.get(reason) ?? 0) > 0 || reason === 'engine-unknown', `${reason}: ${JSON.stringify([...met])}`);
    assert.ok(taken > INPUTS / 10);
    assert.ok(connections.size <= UNBOUND_MAX && templates.size <= UNBOUND_MAX, `${connections.size} ${templates.size}`);
  }));
