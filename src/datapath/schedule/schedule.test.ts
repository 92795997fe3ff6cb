// The schedulers against what the kernel's were seen to answer, and against their own definition.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from '../../../test/support/properties.js';
import { type Schedule, schedulers } from './index.js';
import { type Arrival, type Candidate, type Candidates, FALLBACK, WITH_PORT } from './scheduler.js';
import { betterOfTwo } from './twos.js';

const address = (text: string): number => text.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
const CLIENT: Arrival = {
  clientFold: address('192.168.1.10'),
  clientPort: 54321,
  serviceFold: address('203.0.113.7'),
  address: '203.0.113.7',
  now: 0,
  lblcrExpiration: 86_400,
  deleted: [],
};

/** A service in the making: what a test adds, deletes and picks. */
class Service {
  list: Candidates = [];
  schedule: Schedule;

  constructor(scheduler: string, list: Candidates = [], flags = 0) {
    this.list = list;
    this.schedule = (schedulers.get(scheduler) ?? assert.fail(scheduler))(list, flags);
  }

  add(id: number, weight: number): void {
    this.list = [destination(id, weight), ...this.list];
    this.schedule = this.schedule.added(this.list);
  }

  delete(id: number): void {
    const index = this.list.findIndex((each) => each.id === id);
    const predecessor = this.list[index - 1]?.id ?? null;
    this.list = this.list.filter((each) => each.id !== id);
    this.schedule = this.schedule.deleted(this.list, id, predecessor);
  }

  /** A change by the operator: the scheduler is notified. */
  edit(id: number, weight: number): void {
    this.touch(id, (each) => ({ ...each, weight, lastWeight: weight === 0 ? each.lastWeight : weight }));
    this.schedule = this.schedule.edited(this.list);
  }

  /** A change by traffic: the scheduler is not notified. */
  touch(id: number, change: (each: Candidate) => Candidate): void {
    this.list = this.list.map((each) => (each.id === id ? change(each) : each));
  }

  pick(arrival: Arrival = CLIENT): number | null {
    const { id, next } = this.schedule.pick(this.list, arrival);
    this.schedule = next;
    return id;
  }

  picks(count: number): string {
    return Array.from({ length: count }, () => this.pick() ?? '-').join('');
  }
}

function destination(id: number, weight: number): Candidate {
  return { id, weight, lastWeight: weight, active: 0, inactive: 0, overloaded: false, fold: address('10.0.0.0') + id, port: 80 };
}

interface Recorded {
  readonly scheduler: string;
  readonly weights: readonly (readonly [number, number])[];
  readonly connections: 'open' | 'closed';
  readonly answers: string;
  /** Connections after these that no server was given. */
  readonly refused?: number;
  readonly counts: readonly (readonly [number, number, number, number])[];
}

const recorded = JSON.parse(
  readFileSync(new URL('../../../../test/datapath/vectors/scheduler-sequences.json', import.meta.url), 'utf8'),
) as readonly Recorded[];

test('137 services of the kernel answer the same sequence and counts', () => {
  assert.equal(recorded.length, 137);
  for (const each of recorded) {
    const name = `${each.scheduler} ${JSON.stringify(each.weights)} ${each.connections}`;
    const service = new Service(each.scheduler);
    for (const [id, weight] of each.weights) service.add(id, weight);
    let answers = '';
    for (let connection = 0; connection < each.answers.length + (each.refused ?? 0); connection++) {
      const id = service.pick();
      if (id === null) continue;
      answers += id;
      // an open connection is active; one that was closed immediately is in TIME_WAIT, which is inactive
      service.touch(id, (one) =>
        each.connections === 'open' ? { ...one, active: one.active + 1 } : { ...one, inactive: one.inactive + 1 },
      );
    }
    assert.equal(answers, each.answers, name);
    for (const [id, weight, active, inactive] of each.counts) {
      const found = service.list.find((one) => one.id === id);
      assert.deepEqual([found?.weight, found?.active, found?.inactive], [weight, active, inactive], name);
    }
  }
});

test('wrr: a fresh list begins at the highest weight', () => {
  const list = [destination(1, 5), destination(2, 3), destination(3, 1)];
  assert.equal(new Service('wrr', list).picks(18), '111212123111212123');
  assert.equal(new Service('wrr', [destination(1, 4), destination(2, 2)]).picks(6), '112112');
});

test('wrr: adding to a service in use does not restart at the highest weight', () => {
  const service = new Service('wrr');
  service.add(1, 5);
  service.add(2, 3);
  service.add(3, 1);
  assert.equal(service.picks(18), '321112121321112121');
});

test('wrr: deleting and editing keep the threshold where it can stay', () => {
  const service = new Service('wrr', [destination(3, 6), destination(2, 3), destination(1, 3)]);
  assert.equal(service.picks(3), '332', 'di 3: thresholds 4, then 1');
  service.edit(2, 2); // di 1, mw 6, the threshold stays 1
  assert.equal(service.picks(4), '3213');
  service.delete(3); // di 1, mw 3
  assert.equal(service.picks(5), '12121');
});

test('wrr: an overloaded destination does not stop the others, all overloaded give none', () => {
  const service = new Service('wrr', [destination(1, 3), destination(2, 1)]);
  service.touch(1, (each) => ({ ...each, overloaded: true }));
  assert.equal(service.picks(3), '222');
  service.touch(2, (each) => ({ ...each, overloaded: true }));
  assert.equal(service.picks(2), '--');
  service.touch(1, (each) => ({ ...each, overloaded: false }));
  assert.match(service.picks(1), /1/);
});

test('rr: a new destination waits until the walk wraps', () => {
  const service = new Service('rr', [destination(2, 1), destination(1, 1)]);
  assert.equal(service.picks(1), '2');
  service.add(3, 1);
  assert.equal(service.picks(5), '13213');
});

test('rr: deleting the one chosen last goes on behind its predecessor', () => {
  const service = new Service('rr', [destination(4, 1), destination(3, 1), destination(2, 1), destination(1, 1)]);
  assert.equal(service.picks(2), '43');
  service.delete(3);
  assert.equal(service.picks(3), '214');
  service.delete(4);
  assert.equal(service.picks(2), '21', 'the first has no predecessor: the walk begins at the head');
  service.delete(2);
  assert.equal(service.picks(2), '11');
});

test('rr: weight 0 and overload are skipped, weights are not looked at', () => {
  const service = new Service('rr', [destination(3, 9), destination(2, 0), destination(1, 1)]);
  assert.equal(service.picks(4), '3131');
  service.touch(1, (each) => ({ ...each, overloaded: true }));
  assert.equal(service.picks(2), '33');
  service.edit(3, 0);
  assert.equal(service.picks(2), '--');
});

test('lc counts an active connection as 256 inactive ones; the first of the list wins a tie', () => {
  const service = new Service('lc', [destination(2, 1), destination(1, 100)]);
  service.touch(2, (each) => ({ ...each, active: 1 }));
  service.touch(1, (each) => ({ ...each, inactive: 256 }));
  assert.equal(service.pick(), 2);
  service.touch(2, (each) => ({ ...each, inactive: 1 }));
  assert.equal(service.pick(), 1);
});

test('wlc compares in 64 bits and never lets weight 0 win', () => {
  const service = new Service('wlc', [destination(2, 65535), destination(1, 0)]);
  service.touch(2, (each) => ({ ...each, active: 8_000_000 }));
  assert.equal(service.pick(), 2);
  service.add(3, 65534);
  service.touch(3, (each) => ({ ...each, active: 8_000_000 }));
  assert.equal(service.pick(), 2, 'same load, the heavier one');
});

test('sed goes by active connections and weight alone; nq takes an idle destination first, whatever its weight', () => {
  for (const [scheduler, first, busy] of [
    ['sed', 2, 2],
    ['nq', 1, 2],
  ] as const) {
    const service = new Service(scheduler, [destination(1, 1), destination(2, 10)]);
    service.touch(2, (each) => ({ ...each, inactive: 1000 }));
    service.touch(2, (each) => ({ ...each, active: 1 }));
    assert.equal(service.pick(), first, scheduler);
    service.touch(1, (each) => ({ ...each, active: 1 }));
    assert.equal(service.pick(), busy, scheduler);
  }
});

test('fo: the heaviest that is not overloaded; ovf: the next one once it has more connections than its weight', () => {
  const service = new Service('fo', [destination(1, 2), destination(2, 5), destination(3, 5)]);
  assert.equal(service.picks(2), '22');
  service.touch(2, (each) => ({ ...each, overloaded: true }));
  assert.equal(service.pick(), 3);
  const overflow = new Service('ovf', [destination(1, 1), destination(2, 5)]);
  overflow.touch(2, (each) => ({ ...each, active: 5 }));
  assert.equal(overflow.pick(), 2);
  overflow.touch(2, (each) => ({ ...each, active: 6 }));
  assert.equal(overflow.pick(), 1);
  overflow.touch(1, (each) => ({ ...each, active: 2 }));
  assert.equal(overflow.pick(), null);
});

test('sh and mh: with the fallback another server serves in place of one that cannot, without it none does', () => {
  for (const scheduler of ['sh', 'mh']) {
    for (const flags of [0, FALLBACK]) {
      const service = new Service(scheduler, [destination(3, 1), destination(2, 1), destination(1, 1)], flags);
      const first = service.pick() ?? assert.fail('none');
      service.touch(first, (each) => ({ ...each, overloaded: true }));
      const second = service.pick();
      if (flags === 0) assert.equal(second, null, scheduler);
      else assert.ok(second !== null && second !== first, `${scheduler}: ${second}`);
      service.touch(first, (each) => ({ ...each, overloaded: false }));
      assert.equal(service.pick(), first, scheduler);
    }
  }
});

test('sh and mh: one server for all ports of a client, but with the port flag', () => {
  for (const scheduler of ['sh', 'mh']) {
    for (const flags of [0, WITH_PORT]) {
      const list = Array.from({ length: 8 }, (_, index) => destination(index + 1, 1));
      const service = new Service(scheduler, list, flags);
      const chosen = new Set(Array.from({ length: 50 }, (_, port) => service.pick({ ...CLIENT, clientPort: 1024 + port })));
      if (flags === 0) assert.equal(chosen.size, 1, scheduler);
      else assert.ok(chosen.size > 4, `${scheduler}: ${chosen.size}`);
    }
  }
});

test('twos: the share of the weights decides, then the load; a tie is the first one’s', () => {
  const list = [destination(1, 2), destination(2, 0), destination(3, 3)];
  assert.deepEqual(
    [0, 2, 3, 5].map((share) => betterOfTwo(list, [share, share])),
    [1, 1, 3, 3],
  );
  assert.equal(betterOfTwo(list, [0, 5]), 1, 'both idle');
  assert.equal(
    betterOfTwo(
      list.map((each) => ({ ...each, active: each.id === 1 ? 1 : 0 })),
      [0, 5],
    ),
    3,
  );
  assert.equal(betterOfTwo([], [0, 0]), null);
});

test('whatever happens, a pick is an eligible destination, and none only when there is none', () => {
  const action = fc.record({
    what: fc.constantFrom('add', 'delete', 'edit', 'overload', 'pick'),
    which: fc.nat(),
    weight: fc.nat({ max: 6 }),
  });
  for (const scheduler of schedulers.keys()) {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
        const service = new Service(scheduler);
        let ids = 0;
        for (const { what, which, weight } of actions) {
          const id = service.list[which % Math.max(1, service.list.length)]?.id;
          if (what === 'add') service.add(++ids, weight);
          else if (what === 'pick') check(service);
          else if (id !== undefined) {
            if (what === 'delete') service.delete(id);
            if (what === 'edit') service.edit(id, weight);
            if (what === 'overload') service.touch(id, (each) => ({ ...each, overloaded: !each.overloaded }));
          }
        }
        check(service);
      }),
      { numRuns: 200 },
    );
  }
});

function check(service: Service): void {
  const id = service.pick();
  const { scheduler } = service.schedule;
  const eligible = service.list.filter(
    (each) => each.weight > 0 && !each.overloaded && (scheduler !== 'ovf' || each.active <= each.weight),
  );
  // lblc keeps to the one that served last, also beyond its upper threshold.
  if (scheduler === 'lblc' && id !== null && service.list.some((each) => each.id === id && each.overloaded && each.weight > 0)) return;
  // Without a fallback a hash may lead to one that is not eligible.
  if (eligible.length === 0 || (id === null && ['dh', 'sh', 'mh'].includes(scheduler))) assert.equal(id, null);
  else
    assert.ok(
      eligible.some((each) => each.id === id),
      `${id} of ${JSON.stringify(service.list)}`,
    );
  if (id !== null) service.touch(id, (each) => ({ ...each, active: each.active + 1 }));
}
