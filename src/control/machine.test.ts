import assert from 'node:assert/strict';
import { test } from 'node:test';
import { itemAt, type LogBudgets, type LogEffect, log, logBounded, logDetail, spendBudget } from './machine.js';

const S = 1_000_000;

test('ten lines of a kind in a burst, then one every ten seconds, on a grid that suppressed lines do not move', () => {
  let budgets: LogBudgets = new Map();
  const attempt = (atS: number): number | undefined => {
    const spent = spendBudget(budgets, 'kind', atS * S);
    budgets = spent.budgets;
    return spent.suffix === undefined ? undefined : Number(/\d+/.exec(spent.suffix)?.[0] ?? 0);
  };
  const logged = Array.from({ length: 12 }, () => attempt(5));
  assert.deepEqual(logged, [...Array.from({ length: 10 }, () => 0), undefined, undefined]);
  assert.equal(attempt(14.999), undefined);
  assert.equal(attempt(15), 3);
  assert.equal(attempt(15), undefined);
  assert.equal(attempt(22), undefined);
  assert.equal(attempt(25), 2);
  assert.deepEqual([attempt(46), attempt(46), attempt(46)], [0, 0, undefined]);
  assert.deepEqual(
    Array.from({ length: 11 }, () => attempt(1000)).map((missed) => missed === undefined),
    [...Array.from({ length: 10 }, () => false), true],
  );
});

test('budgets are apart by kind, and the state before keeps its own', () => {
  const before: LogBudgets = new Map();
  let budgets = before;
  for (let count = 0; count < 11; count++) budgets = spendBudget(budgets, 'a', 0).budgets;
  assert.equal(spendBudget(budgets, 'a', 0).suffix, undefined);
  assert.equal(spendBudget(budgets, 'b', 0).suffix, '');
  assert.equal(before.size, 0);
});

test('a machine of any kind logs into its effects, bounded by its own budgets', () => {
  const effects: (LogEffect | { readonly kind: 'other' })[] = [];
  const context = { atUs: 0, machine: { budgets: new Map() as LogBudgets, rest: 1 }, effects };
  log(context, 'one', 'error');
  logDetail(context, 'two');
  for (let count = 0; count < 11; count++) logBounded(context, 'kind', ['three', 'four'], { level: 'warning' });
  assert.deepEqual(effects.slice(0, 4), [
    { kind: 'log', level: 'error', text: 'one' },
    { kind: 'log', level: 'info', text: 'two', detail: true },
    { kind: 'log', level: 'warning', text: 'three' },
    { kind: 'log', level: 'warning', text: 'four' },
  ]);
  assert.equal(effects.length, 22);
  assert.equal(context.machine.rest, 1);
});

test('an index that is none of the machine is an error of the program', () => {
  assert.equal(itemAt(['a'], 0, 'letter'), 'a');
  assert.throws(() => itemAt(['a'], 1, 'letter'), /^Error: no letter 1$/);
});
