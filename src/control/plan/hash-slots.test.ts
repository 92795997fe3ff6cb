// The share of hash slots that move: by the rings that the datapath has.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../test/support/ip.js';
import fc from '../../../test/support/properties.js';
import { schedulers } from '../../datapath/schedule/index.js';
import type { Arrival, Candidates } from '../../datapath/schedule/scheduler.js';
import { hash32, MAGLEV_SLOTS, RING_BITS, RING_SLOTS } from '../../model/rings/rings.js';
import { type DestinationSpec, PLAIN_TUNNEL } from '../../model/service.js';
import { slotShift } from './hash-slots.js';

const server = (last: number, weight = 1): DestinationSpec => ({
  ...{ address: ip(`10.0.0.${last}`), port: 80, method: 'masq', weight, upperThreshold: 0, lowerThreshold: 0, tunnel: PLAIN_TUNNEL },
});
const slotted = (specs: readonly DestinationSpec[]) => specs.map((spec) => ({ spec, lastWeight: spec.weight }));
const moved = (scheduler: string, before: readonly DestinationSpec[], after: readonly DestinationSpec[]): number | undefined =>
  slotShift(scheduler, slotted(before), after)?.moved;

test('nothing moves where nothing changes, whatever the order of the file; others have no slots', () => {
  const list = [server(2), server(3, 2), server(4)];
  for (const scheduler of ['dh', 'sh', 'mh']) assert.equal(moved(scheduler, list, list.toReversed()), 0);
  assert.equal(slotShift('wlc', slotted(list), []), undefined);
});

test('mh moves about the share of the server that comes, sh nearly all; a drained server gives up its slots', () => {
  const four = [2, 3, 4, 5].map((last) => server(last));
  const [mh, sh] = [moved('mh', four, [...four, server(6)]) ?? 0, moved('sh', four, [...four, server(6)]) ?? 0];
  assert.ok(mh >= MAGLEV_SLOTS * 0.2 && mh < MAGLEV_SLOTS * 0.3, `${mh}`);
  assert.ok(sh > RING_SLOTS * 0.7, `${sh}`);
  const drained = [server(2, 0), ...four.slice(1)];
  assert.equal(moved('sh', four, drained), RING_SLOTS / 4);
  assert.ok(Math.abs((moved('mh', four, drained) ?? 0) - MAGLEV_SLOTS / 4) <= 1);
});

/** What a scheduler picks, for a client of each slot of sh. */
function picks(list: readonly DestinationSpec[]): readonly (number | null)[] {
  const candidates: Candidates = list.map(({ address, port, weight }) => {
    const fold = address.words[0] ?? 0;
    return { id: fold, weight, lastWeight: weight, active: 0, inactive: 0, overloaded: false, fold, port };
  });
  const start = schedulers.get('sh');
  assert.ok(start !== undefined);
  const schedule = start(candidates);
  const arrival = (clientFold: number): Arrival => ({
    clientFold,
    clientPort: 0,
    serviceFold: 0,
    address: '',
    now: 0,
    lblcrExpiration: 0,
    deleted: [],
  });
  const clients = new Map<number, number>();
  for (let client = 0; clients.size < RING_SLOTS; client++) clients.set(hash32(client, RING_BITS), client);
  return [...clients].toSorted(([a], [b]) => a - b).map(([, client]) => schedule.pick(candidates, arrival(client)).id);
}

test('what is counted is what the scheduler picks for a client of each slot', () => {
  const servers = fc.uniqueArray(fc.record({ last: fc.integer({ min: 1, max: 6 }), weight: fc.integer({ min: 0, max: 3 }) }), {
    selector: ({ last }) => last,
    maxLength: 5,
  });
  fc.assert(
    fc.property(servers, servers, (first, second) => {
      const specs = (list: typeof first) => list.map(({ last, weight }) => server(last, weight));
      const [before, wanted] = [specs(first), specs(second)];
      const known = new Map(wanted.map((spec) => [spec.address.words[0], spec]));
      const stay = before.flatMap((spec) => known.get(spec.address.words[0]) ?? []);
      const come = wanted.filter((spec) => !before.some((one) => one.address.words[0] === spec.address.words[0]));
      const [from, to] = [picks(before), picks([...come.toReversed(), ...stay])];
      assert.equal(moved('sh', before, wanted), from.filter((id, slot) => id !== to[slot]).length);
    }),
    { numRuns: 50 },
  );
});
