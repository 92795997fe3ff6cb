// The schedulers of the datapath against the ones in TypeScript, on random histories: destinations come, go and change
// weight (0 too) and thresholds, connections open, become established and close, and each new one must go to the same server.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { schedulers } from '../../src/datapath/schedule/index.js';
import { formatAddress } from '../../src/model/address-text.js';
import fc from '../support/properties.js';
import { type Bed, openBed, skipReason } from './bed.js';
import { VIP } from './fixtures/bed-addresses.js';
import { destination, service } from './fixtures/fixture.js';
import { fromClient, tcp } from './fixtures/packets.js';
import { addressOf, key, type Limits, Mirror, packetOf, type Variant } from './service-mirror.js';

const weight = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 5 }), fc.constantFrom(10, 12, 100, 65535));
const limits = fc.constantFrom<Limits>([0, 0], [0, 0], [0, 0], [1, 0], [2, 0], [3, 1], [5, 4]);
const action = fc.oneof(
  { weight: 2, arbitrary: fc.record({ what: fc.constant('add' as const), weight, limits }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('delete' as const), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('add again' as const), which: fc.nat(), weight, limits }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('edit' as const), which: fc.nat(), weight, limits }) },
  { weight: 10, arbitrary: fc.record({ what: fc.constant('open' as const), client: fc.integer({ min: 10, max: 60 }) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      what: fc.constant('segment' as const),
      which: fc.nat(),
      from: fc.constantFrom('client' as const, 'server' as const),
      letters: fc.constantFrom('A', 'FA', 'RA', 'SA', 'PA'),
    }),
  },
);

type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

function play(mirror: Mirror, actions: readonly Action[]): void {
  for (const each of actions) {
    if (each.what === 'add') mirror.add(each.weight, each.limits);
    else if (each.what === 'add again') mirror.addAgain(each.which, each.weight, each.limits);
    else if (each.what === 'delete') mirror.delete(each.which);
    else if (each.what === 'edit') mirror.edit(each.which, each.weight, each.limits);
    else if (each.what === 'open') mirror.open(each.client);
    else mirror.segment(each.which, each.from, each.letters);
  }
  mirror.check();
}

/** twos chooses at random, so no other program can foretell it. */
const COMPARED = [...schedulers.keys()].filter((name) => name !== 'twos');

const DAY = 86_400;
const variantsOf = (scheduler: string): readonly Variant[] =>
  scheduler === 'lblcr'
    ? [DAY, -1].map((expiration) => ({ flags: 0, expiration }))
    : (['sh', 'mh'].includes(scheduler) ? [0, 1, 2, 3] : [0]).map((flags) => ({ flags, expiration: DAY }));

const skip = skipReason();
let bed: Bed;

before(() => {
  if (skip === false) bed = openBed();
});

after(() => bed?.close());

for (const scheduler of COMPARED) {
  test(`${scheduler}: the datapath picks what the TypeScript scheduler picks`, { skip }, () => {
    fc.assert(
      fc.property(fc.constantFrom(...variantsOf(scheduler)), fc.array(action, { minLength: 10, maxLength: 120 }), (variant, actions) => {
        bed.wipe();
        play(new Mirror(bed, scheduler, variant), actions);
      }),
      { numRuns: 150 },
    );
  });
}

/** Weights 1, 0, 3 and 4; the server of weight 4 is busy, so that it loses whenever another one is the second choice. */
test('twos: the less busy of two that are chosen by weight', { skip }, () => {
  bed.wipe();
  bed.director.addService(service('tcp', VIP, 80, [], 'wlc').service);
  const add = (id: number, weight: number): void => bed.director.addDestination(key, destination(`${addressOf(id)}:80`, 'masq', weight));
  add(3, 4);
  const open = (port: number, client = '10.0.1.10'): string => {
    const outcome = bed.send('ingress', 'front', fromClient(tcp({ from: `${client}:${port}`, to: `${VIP}:80` }, 'S')));
    return formatAddress(packetOf(outcome).destination);
  };
  for (let port = 1024; port < 5024; port++) open(port);
  for (const [id, weight] of [0, 1, 3].map((weight, index) => [2 - index, weight] as const)) add(id, weight);
  bed.director.editService({ ...service('tcp', VIP, 80, [], 'twos').service });
  const counts = new Map<string, number>();
  const total = 4000;
  for (let port = 1024; port < 1024 + total; port++) {
    const chosen = open(port, '10.0.1.11');
    counts.set(chosen, (counts.get(chosen) ?? 0) + 1);
  }
  assert.equal(counts.get(addressOf(2)), undefined, 'weight 0');
  // Shares are drawn from 0 to 8, and 0 means the first: of 9, 5 or 4 lead to the busy server, which serves when both do.
  const busy = (counts.get(addressOf(3)) ?? 0) / total;
  assert.ok(busy > 0.1 && busy < 0.4, `the busy server got ${busy}`);
  assert.ok((counts.get(addressOf(0)) ?? 0) > (counts.get(addressOf(1)) ?? 0), JSON.stringify([...counts]));
});
