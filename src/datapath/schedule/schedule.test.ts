// The schedulers against what the kernel's were seen to answer, and against their own definition.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Schedule, schedulers } from './index.js';
import type { Candidate, Candidates } from './scheduler.js';

/** A service in the making: what a test adds, deletes and picks. */
class Service {
  list: Candidates = [];
  schedule: Schedule;

  constructor(scheduler: string, list: Candidates = []) {
    this.list = list;
    this.schedule = (schedulers.get(scheduler) ?? assert.fail(scheduler))(list);
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
    this.touch(id, (each) => ({ ...each, weight }));
    this.schedule = this.schedule.edited(this.list);
  }

  /** A change by traffic: the scheduler is not notified. */
  touch(id: number, change: (each: Candidate) => Candidate): void {
    this.list = this.list.map((each) => (each.id === id ? change(each) : each));
  }

  pick(): number | null {
    const { id, next } = this.schedule.pick(this.list);
    this.schedule = next;
    return id;
  }

  picks(count: number): string {
    return Array.from({ length: count }, () => this.pick() ?? '-').join('');
  }
}

function destination(id: number, weight: number): Candidate {
  return { id, weight, active: 0, inactive: 0, overloaded: false };
}

interface Recorded {
  readonly scheduler: string;
  readonly weights: readonly (readonly [number, number])[];
  readonly connections: 'open' | 'closed';
  readonly answers: string;
  readonly counts: readonly (readonly [number, number, number, number])[];
}

const recorded = JSON.parse(
  readFileSync(new URL('../../../../test/datapath/vectors/scheduler-sequences.json', import.meta.url), 'utf8'),
) as readonly Recorded[];

test('69 services of the kernel answer the same sequence and counts', () => {
  assert.equal(recorded.length, 69);
  for (const each of recorded) {
    const name = `${each.scheduler} ${JSON.stringify(each.weights)} ${each.connections}`;
    const service = new Service(each.scheduler);
    for (const [id, weight] of each.weights) service.add(id, weight);
    let answers = '';
    for (let connection = 0; connection < Math.max(1, each.answers.length); connection++) {
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
      assert.deepEqual(
        service.list.find((one) => one.id === id),
        { id, weight, active, inactive, overloaded: false },
        name,
      );
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
  const eligible = service.list.filter((each) => each.weight > 0 && !each.overloaded);
  if (eligible.length === 0) assert.equal(id, null);
  else
    assert.ok(
      eligible.some((each) => each.id === id),
      `${id} of ${JSON.stringify(service.list)}`,
    );
  if (id !== null) service.touch(id, (each) => ({ ...each, active: each.active + 1 }));
}
