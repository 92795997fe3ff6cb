import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CheckBed, checker, failure, SECOND } from '../../../test/support/check-bed.js';
import { realServer, virtualServer } from '../../../test/support/virtual-server.js';
import type { Checker, RealServer, VirtualServer } from '../../model/keepalived/virtual-server.js';
import { healthOf } from './health.js';
import { rememberedOf } from './remembered.js';

const A = '10.0.0.1';
const B = '10.0.0.2';
const NAME = '[192.0.2.1]:tcp:80';
const ok = { kind: 'success' } as const;
const ping = (timing: Partial<Checker['timing']> = {}) => checker({ kind: 'ping' }, { retry: 0, delayLoopUs: SECOND, ...timing });
const slow = (change: Partial<RealServer> = {}): RealServer =>
  realServer(A, { weight: 100, slowStartUs: 20 * SECOND, checkers: [ping()], ...change });
const server = (real: RealServer, change: Partial<VirtualServer> = {}) => [
  virtualServer({ realServers: [real, realServer(B, { weight: 5 })], ...change }),
];

/** A and B serve, A fails and is back since `nowUs`. */
function back(real: RealServer = slow(), change: Partial<VirtualServer> = {}): CheckBed {
  const bed = new CheckBed();
  bed.configure(server(real, change));
  bed.pass(2);
  bed.answers.set(A, failure());
  bed.pass(2);
  assert.deepEqual(bed.pool(), [`${B} 5`]);
  bed.answers.set(A, ok);
  bed.takeLog();
  bed.notified.length = 0;
  bed.pass(1);
  return bed;
}

const weightOfA = (bed: CheckBed): number =>
  Number(
    bed
      .pool()
      ?.find((line) => line.startsWith(A))
      ?.split(' ')[1],
  );

test('the weight rises in ten steps to the full weight, and no step is reported', () => {
  const bed = back();
  assert.deepEqual(bed.takeLog().slice(1), [
    `Adding service [${A}]:tcp:80 to VS ${NAME}`,
    `Slow start of service [${A}]:tcp:80 of VS ${NAME} begins: weight 1 of 100, all in 20 s`,
  ]);
  assert.deepEqual(bed.notified.splice(0), [`RS [${A}]:tcp:80 ${NAME} UP`]);
  const [applied, weights] = [bed.applied, [weightOfA(bed)]];
  for (let second = 1; second <= 25; second++) {
    bed.pass(1);
    weights.push(weightOfA(bed));
  }
  const rising = Array.from({ length: 21 }, (_, second) => Math.max(1, Math.floor(second / 2) * 10));
  assert.deepEqual(weights, [...rising, 100, 100, 100, 100, 100]);
  assert.equal(bed.applied - applied, 10);
  assert.deepEqual(bed.notified, []);
  assert.deepEqual(bed.takeLog(), [`Slow start of service [${A}]:tcp:80 of VS ${NAME} is over: weight 100`]);
});

test('a small weight has fewer steps, and weight 1 none', () => {
  const bed = back(slow({ weight: 3 }));
  const applied = bed.applied;
  bed.pass(25);
  assert.deepEqual([weightOfA(bed), bed.applied - applied], [3, 2]);
  const one = back(slow({ weight: 1 }));
  const before = one.applied;
  one.takeLog();
  one.pass(25);
  assert.deepEqual([weightOfA(one), one.applied - before, one.takeLog()], [1, 0, []]);
});

test('not at the start, with alpha neither, and not where a check was late with its first verdict', () => {
  for (const alpha of [false, true]) {
    const bed = new CheckBed();
    bed.configure(server(slow({ alpha, checkers: [ping({ alpha })] })));
    bed.pass(2);
    assert.equal(weightOfA(bed), 100);
  }
});

test('but with alpha where the first check failed', () => {
  const bed = new CheckBed();
  bed.answers.set(A, failure());
  bed.configure(server(slow({ alpha: true, checkers: [ping({ alpha: true })] })));
  bed.pass(2);
  bed.answers.set(A, ok);
  bed.pass(1);
  assert.equal(weightOfA(bed), 1);
});

test('a failure meanwhile ends it, and the next return begins it again', () => {
  const bed = back();
  bed.pass(10);
  assert.equal(weightOfA(bed), 50);
  bed.answers.set(A, failure());
  bed.pass(1);
  assert.deepEqual(bed.pool(), [`${B} 5`]);
  bed.answers.set(A, ok);
  bed.pass(1);
  assert.equal(weightOfA(bed), 1);
});

test('the quorum counts the full weight', () => {
  const bed = back(slow(), { quorum: 50 });
  assert.ok(bed.takeLog().includes(`Gained quorum 50+0=50 <= 105 for VS ${NAME}`));
  assert.equal(weightOfA(bed), 1);
  bed.pass(30);
  assert.deepEqual(
    bed.takeLog().filter((line) => line.includes('quorum')),
    [],
  );
});

test('the weight of a script rises, too', () => {
  const misc = { kind: 'misc', script: { argv: ['/x'], text: '/x' }, timeoutUs: 0, dynamic: true } as const;
  const bed = new CheckBed();
  bed.configure(server(slow({ weight: 5, checkers: [checker(misc, { retry: 0, delayLoopUs: SECOND })] })));
  bed.answers.set(A, failure());
  bed.pass(1);
  bed.answers.set(A, { kind: 'success', status: 42 });
  bed.pass(1);
  assert.equal(weightOfA(bed), 1);
  bed.pass(10);
  assert.equal(weightOfA(bed), 20);
  bed.answers.set(A, { kind: 'success', status: 82 });
  bed.pass(1);
  assert.equal(weightOfA(bed), 40);
  bed.pass(10);
  assert.equal(weightOfA(bed), 80);
});

test('a reload that leaves the time alone goes on, another time counts from the return', () => {
  const bed = back();
  bed.pass(10);
  const applied = bed.applied;
  bed.configure(server(slow()));
  assert.deepEqual([weightOfA(bed), bed.applied - applied], [50, 1]);
  bed.configure(server(slow({ slowStartUs: 40 * SECOND })));
  assert.equal(weightOfA(bed), 20);
  bed.pass(10);
  assert.equal(weightOfA(bed), 50);
  bed.configure(server(slow({ slowStartUs: 0 })));
  assert.equal(weightOfA(bed), 100);
});

test('a restart goes on, too', () => {
  const first = back();
  first.pass(10);
  const bed = new CheckBed();
  bed.nowUs = first.nowUs + 2 * SECOND;
  bed.configure(server(slow()), { remembered: rememberedOf(first.state) });
  assert.equal(weightOfA(bed), 60);
  bed.pass(8);
  assert.equal(weightOfA(bed), 100);
  const late = new CheckBed();
  late.nowUs = first.nowUs + 60 * SECOND;
  late.configure(server(slow()), { remembered: rememberedOf(first.state) });
  assert.equal(weightOfA(late), 100);
});

test('a server that a reload brings has its weight; one that a reload brings back rises', () => {
  const bed = back();
  bed.configure(
    server(slow(), { realServers: [slow(), realServer('10.0.0.3', { weight: 7, slowStartUs: 20 * SECOND, checkers: [ping()] })] }),
  );
  assert.equal(bed.pool()?.[1], '10.0.0.3 7');
  const dead = new CheckBed();
  dead.answerByKind = (kind) => (kind === 'ping' ? failure() : ok);
  dead.configure(server(slow({ checkers: [ping(), checker()] })));
  dead.pass(3);
  dead.configure(server(slow({ checkers: [checker()] })));
  assert.equal(weightOfA(dead), 1);
});

test('servers that come back at different moments change the table once a second', () => {
  const addresses = Array.from({ length: 50 }, (_, number) => `10.0.1.${number}`);
  const realServers = addresses.map((address, number) =>
    realServer(address, { weight: 100, slowStartUs: 30 * SECOND, checkers: [ping({ delayLoopUs: SECOND + number * 7000 })] }),
  );
  const bed = new CheckBed();
  for (const address of addresses) bed.answers.set(address, failure());
  bed.configure([virtualServer({ realServers })]);
  bed.pass(3);
  bed.answers.clear();
  bed.pass(2);
  const applied = bed.applied;
  bed.pass(28);
  assert.ok(bed.applied - applied <= 29, `${bed.applied - applied} changes of the table`);
});

test('after a pause it is as far as it should be', () => {
  const bed = back();
  bed.nowUs += 15 * SECOND;
  bed.feed({ kind: 'wake' });
  assert.equal(weightOfA(bed), 70);
});

test('health shows both weights', () => {
  const bed = back();
  bed.pass(10);
  const [health] = healthOf(bed.state);
  const [a, b] = health?.reals ?? [];
  assert.deepEqual([health?.weight, a?.weight, a?.slowWeight, b?.slowWeight], [105, 100, 50, undefined]);
});
