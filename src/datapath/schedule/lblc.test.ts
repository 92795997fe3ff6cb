// lblc and lblcr against histories that a kernel's IPVS was seen to answer.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type Schedule, schedulers } from './index.js';
import type { Arrival, Candidate, Candidates } from './scheduler.js';

const recorded = readFileSync(new URL('../../../../test/oracle/recorded/b2_locality.txt', import.meta.url), 'utf8');

const ARRIVAL: Arrival = {
  clientFold: 1,
  clientPort: 1024,
  serviceFold: 2,
  address: '10.0.1.100',
  now: 0,
  lblcrExpiration: 86_400,
  deleted: [],
};

type Change = (one: Candidate) => Candidate;

/** The kernel's threshold: full from it on, and again free below three quarters of it. */
function marked(one: Candidate, upper: number): Candidate {
  const count = one.active + one.inactive;
  if (upper !== 0 && count >= upper) return { ...one, overloaded: true };
  return count * 4 < upper * 3 || upper === 0 ? { ...one, overloaded: false } : one;
}

/** One recorded history, step by step; `now` goes on with the waits alone. */
class History {
  list: Candidates = [];
  deleted: Candidates = [];
  readonly #upper = new Map<number, number>();
  #schedule: Schedule = start('wlc', []);
  #now = 0;
  #expiration = ARRIVAL.lblcrExpiration;

  constructor(scheduler: string) {
    this.begin(scheduler);
  }

  begin(scheduler: string): void {
    if (scheduler !== this.#schedule.scheduler) this.#schedule = start(scheduler, this.list);
  }

  #change(id: number, change: Change): void {
    const changed: Change = (one) => (one.id === id ? marked(change(one), this.#upper.get(id) ?? 0) : one);
    this.list = this.list.map(changed);
  }

  #describe(id: number, weight: number, upper: number): void {
    this.#upper.set(id, upper);
    this.#change(id, (one) => ({ ...one, weight }));
  }

  add(id: number, weight: number, upper = 0): void {
    const again = this.deleted.find((one) => one.id === id);
    const fresh = { id, weight, lastWeight: weight, active: 0, inactive: 0, overloaded: false, fold: id, port: 80 };
    this.list = [again ?? fresh, ...this.list];
    this.deleted = this.deleted.filter((one) => one.id !== id);
    this.#describe(id, weight, upper);
    this.#schedule = this.#schedule.added(this.list);
  }

  edit(id: number, weight: number, upper = 0): void {
    this.#describe(id, weight, upper);
    this.#schedule = this.#schedule.edited(this.list);
  }

  delete(id: number): void {
    const index = this.list.findIndex((one) => one.id === id);
    this.deleted = [...this.deleted, ...this.list.filter((one) => one.id === id)];
    this.list = this.list.filter((one) => one.id !== id);
    this.#schedule = this.#schedule.deleted(this.list, id, this.list[index - 1]?.id ?? null);
  }

  wait(seconds: number): void {
    this.#now += seconds;
  }

  expire(seconds: number): void {
    this.#expiration = seconds;
  }

  connect(count: number, counted: 'active' | 'inactive'): string {
    return Array.from({ length: count }, () => {
      const { id, next } = this.#schedule.pick(this.list, {
        ...ARRIVAL,
        now: this.#now,
        lblcrExpiration: this.#expiration,
        deleted: this.deleted,
      });
      this.#schedule = next;
      if (id === null) return '-';
      this.#change(id, (one) => ({ ...one, [counted]: one[counted] + 1 }));
      return String(id);
    }).join('');
  }

  close(id: number): void {
    this.#change(id, (one) => ({ ...one, active: one.active - 1, inactive: one.inactive + 1 }));
  }
}

function start(scheduler: string, list: Candidates): Schedule {
  return (schedulers.get(scheduler) ?? assert.fail(scheduler))(list);
}

/** Does one line; what it answers must be what the kernel answered. */
function step(history: History, line: string): void {
  const [what = '', ...words] = line.split(' ');
  const numbers = words.map(Number);
  const [first = 0, second = 0, third = 0, fourth = 0] = numbers;
  if (what === 'add') history.add(first, second, third);
  else if (what === 'edit') history.edit(first, second, third);
  else if (what === 'delete') history.delete(first);
  else if (what === 'close') history.close(first);
  else if (what === 'scheduler') history.begin(words[0] ?? '');
  else if (what === 'expiration') history.expire(first);
  else if (what === 'wait') history.wait(first);
  else if (what === 'open') assert.equal(history.connect(first, 'active'), words[1], line);
  else if (what === 'visit') assert.equal(history.connect(first, 'inactive'), words[1], line);
  else if (what === 'counts') {
    const one = history.list.find(({ id }) => id === first) ?? assert.fail(line);
    assert.deepEqual([one.weight, one.active, one.inactive], [second, third, fourth], line);
  } else assert.fail(line);
}

interface Recorded {
  readonly title: string;
  readonly scheduler: string;
  readonly lines: readonly string[];
}

const histories = recorded
  .split('\n== ')
  .slice(1)
  .map((text): Recorded => {
    const [title = '', ...lines] = text.trimEnd().split('\n');
    return { title, scheduler: title.split(' ').at(-1) ?? '', lines: lines.filter((line) => !/^($|[$!#]|net\.|-?\d+$)/.test(line)) };
  });

for (const scheduler of ['lblc', 'lblcr']) {
  test(`${scheduler}: 65 histories of a kernel’s IPVS are answered as it did`, () => {
    const own = histories.filter((each) => each.scheduler === scheduler && each.lines.length > 0);
    assert.equal(own.length, 65);
    for (const { title, lines } of own) {
      const history = new History(scheduler);
      for (const [at, line] of lines.entries()) {
        try {
          step(history, line);
        } catch (error) {
          throw new Error(`${title}, step ${at + 1}: ${(error as Error).message}`, { cause: error });
        }
      }
    }
  });
}
