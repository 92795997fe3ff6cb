import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CheckBed, checker, failure } from '../../../test/support/check-bed.js';
import { realServer, virtualServer } from '../../../test/support/virtual-server.js';
import type { CheckKind, CheckTiming } from '../../model/keepalived/virtual-server.js';
import { rememberedOf } from './remembered.js';

const A = '10.0.0.1';
const NAME = '[192.0.2.1]:tcp:80';
const ok = { kind: 'success' } as const;
const ping: CheckKind = { kind: 'ping' };
const configured = (timing: Partial<CheckTiming>, check: CheckKind = ping) => [
  virtualServer({ realServers: [realServer(A, { checkers: [checker(check, { retry: 0, ...timing })] })] }),
];

/** One letter an attempt: `+` succeeds, `-` fails; after each of them whether the server serves. */
function played(timing: Partial<CheckTiming>, answers: string, check: CheckKind = ping): string {
  const bed = new CheckBed();
  bed.configure(configured(timing, check));
  return [...answers]
    .map((letter) => {
      bed.answers.set(A, letter === '+' ? ok : failure());
      const before = bed.attempts.length;
      while (bed.attempts.length === before) bed.pass(0.1);
      return bed.pool()?.length === 1 ? '+' : '-';
    })
    .join('');
}

test('fall: down after so many failed rounds in a row, a success begins the count again', () => {
  assert.equal(played({ fall: 3 }, '+--+---'), '++++++-');
});

test('rise: back after so many rounds in a row that succeed, a failure begins the count again', () => {
  assert.equal(played({ rise: 3 }, '+-++-+++'), '+------+');
});

test('the first verdict of all needs one round', () => {
  assert.equal(played({ fall: 3 }, '-'), '-');
  assert.equal(played({ rise: 3, alpha: true }, '+'), '+');
});

test('each round of fall has its retries', () => {
  const tcp: CheckKind = { kind: 'tcp' };
  assert.equal(played({ fall: 2, retry: 1 }, '+----', tcp), '++++-');
  assert.equal(played({ fall: 2, retry: 1 }, '+---+---', tcp), '++++++++', 'a retry that succeeds ends a round well');
});

test('between two rounds lies delay_loop', () => {
  const bed = new CheckBed();
  bed.configure(configured({ fall: 3, retry: 1 }));
  bed.pass(1);
  bed.answers.set(A, failure());
  bed.pass(60);
  assert.deepEqual(
    bed.attempts.map((line) => Number(line.split(' ')[1])),
    [1, 11, 12, 22, 23, 33, 34, 44, 54],
  );
  assert.deepEqual(bed.takeLog().slice(-3), [
    `ICMP CHECK on service [${A}]:tcp:80 of ${NAME} failed after 1 retries.`,
    `Removing service [${A}]:tcp:80 from VS ${NAME}`,
    `Lost quorum 1-0=1 > 0 for VS ${NAME}`,
  ]);
});

test('HTTP_GET comes back after so many rounds of all its pages', () => {
  const pages = { kind: 'http', urls: [{}, {}], protocol: '1.0', fastRecovery: false, sni: false, tlsCompliant: false } as never;
  // The page that failed, then both of them twice.
  assert.equal(played({ rise: 2 }, '++-+++++', pages), '++-----+');
});

test('rounds that do not decide are logged with log_all_failures only, and are not notified', () => {
  for (const logAllFailures of [false, true]) {
    const bed = new CheckBed();
    bed.configure(configured({ fall: 2, rise: 2, logAllFailures }));
    bed.pass(1);
    bed.takeLog();
    bed.notified.length = 0;
    bed.answers.set(A, failure());
    bed.pass(10);
    const line = `Round of checks of service [${A}]:tcp:80 of VS ${NAME} failed: 1 of fall 2`;
    assert.deepEqual([bed.takeLog(), bed.notified], [logAllFailures ? [line] : [], []]);
  }
});

test('a reload keeps the count, also with another fall; a restart begins it again', () => {
  const bed = new CheckBed();
  bed.configure(configured({ fall: 3 }));
  bed.pass(1);
  bed.answers.set(A, failure());
  bed.pass(10);
  bed.configure(configured({ fall: 2 }));
  bed.pass(9);
  assert.equal(bed.pool()?.length, 1);
  bed.pass(1);
  assert.equal(bed.pool()?.length, 0);
  const next = new CheckBed();
  next.configure(configured({ rise: 2 }), { remembered: rememberedOf(bed.state) });
  next.pass(10);
  assert.equal(next.pool()?.length, 0, 'one success');
  next.pass(10);
  assert.equal(next.pool()?.length, 1);
});

test('a server that is down by one of two checks that differ in their times alone stays down over a restart', () => {
  const both = [
    virtualServer({
      realServers: [realServer(A, { checkers: [checker(ping, { fall: 1, retry: 0 }), checker(ping, { fall: 3, retry: 0 })] })],
    }),
  ];
  const bed = new CheckBed();
  bed.configure(both);
  bed.pass(2);
  bed.answers.set(A, failure());
  bed.pass(10);
  assert.deepEqual([bed.state.servers[0]?.reals[0]?.alive, bed.pool()], [false, []]);
  const next = new CheckBed();
  next.configure(both, { remembered: rememberedOf(bed.state) });
  assert.deepEqual(next.pool(), []);
});

test('misc_dynamic: what a round that does not decide found changes no weight', () => {
  const misc = { kind: 'misc', script: { argv: ['/x'], text: '/x' }, timeoutUs: 0, dynamic: true } as const;
  const bed = new CheckBed();
  bed.configure(configured({ rise: 2 }, misc));
  bed.answers.set(A, failure());
  bed.pass(1);
  bed.answers.set(A, { kind: 'success', status: 12 });
  bed.takeLog();
  bed.pass(10);
  assert.deepEqual([bed.takeLog(), bed.pool()], [[], []]);
  bed.pass(10);
  assert.deepEqual(bed.pool(), [`${A} 10`]);
});
