import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CheckBed, checker, failure, SECOND, USUAL_SETTINGS } from '../../../test/support/check-bed.js';
import { ip } from '../../../test/support/ip.js';
import { realServer, virtualServer } from '../../../test/support/virtual-server.js';
import type { Checker, CheckKind, RealServer, VirtualServer } from '../../model/keepalived/virtual-server.js';

const A = '10.0.0.1';
const ok = { kind: 'success' } as const;
const settings = { ...USUAL_SETTINGS, sharedChecks: true };

const nameOf = (number: number): string => `[192.0.2.${number}]:tcp:80`;
const key = (number: number) => ({ kind: 'address', protocol: 'tcp', address: ip(`192.0.2.${number}`), port: 80 }) as const;
/** A virtual server on 192.0.2.NUMBER whose only server is A. */
const vip = (
  number: number,
  checkers: readonly Checker[] = [checker()],
  change: Partial<VirtualServer> = {},
  real: Partial<RealServer> = {},
) =>
  virtualServer({
    name: nameOf(number),
    target: { kind: 'service', key: key(number) },
    realServers: [realServer(A, { checkers, ...real })],
    ...change,
  });

function started(...servers: readonly VirtualServer[]): CheckBed {
  const bed = new CheckBed();
  bed.configure(servers, { settings });
  return bed;
}

const alive = (bed: CheckBed): string => bed.state.servers.map(({ reals }) => (reals[0]?.alive === true ? '+' : '-')).join('');
const moments = (bed: CheckBed): readonly number[] => bed.attempts.map((line) => Number(line.split(' ')[1]));

test('one attempt for all that ask the same, and each keeps its lines, notifications and quorum', () => {
  const bed = started(vip(1), vip(2), vip(3));
  bed.answers.set(A, failure());
  bed.takeLog();
  bed.notified.length = 0;
  bed.pass(1);
  assert.deepEqual([moments(bed), alive(bed)], [[1], '---']);
  for (const number of [1, 2, 3]) {
    const lines = bed.log.filter((line) => line.endsWith(`VS ${nameOf(number)}`));
    assert.deepEqual(lines, [`Removing service [${A}]:tcp:80 from VS ${nameOf(number)}`, `Lost quorum 1-0=1 > 0 for VS ${nameOf(number)}`]);
    assert.deepEqual(
      bed.notified.filter((line) => line.includes(nameOf(number))),
      [`RS [${A}]:tcp:80 ${nameOf(number)} DOWN`, `VS ${nameOf(number)} DOWN`],
    );
  }
  assert.equal(bed.log.filter((line) => line === `TCP_CHECK on service [${A}]:tcp:80 failed.`).length, 3);
  bed.answers.set(A, ok);
  bed.pass(30);
  assert.deepEqual([moments(bed), alive(bed)], [[1, 11, 21, 31], '+++']);
});

test('without shared_checks each makes its own', () => {
  const bed = new CheckBed();
  bed.configure([vip(1), vip(2)]);
  bed.pass(1);
  assert.deepEqual(moments(bed), [1, 1]);
});

test('another target, another time or another question is not shared; another port of the service is', () => {
  const http = (virtualHost?: string) =>
    ({
      kind: 'http',
      urls: [{}],
      protocol: '1.0',
      fastRecovery: false,
      sni: false,
      tlsCompliant: false,
      ...(virtualHost && { virtualHost }),
    }) as unknown as CheckKind;
  const counts = (...servers: readonly VirtualServer[]): number => {
    const bed = started(...servers);
    bed.pass(1);
    return bed.attempts.length;
  };
  assert.equal(counts(vip(1), vip(2, [checker({ kind: 'ping' })])), 2);
  assert.equal(counts(vip(1), vip(2, [checker({ kind: 'tcp' }, { retry: 2 })])), 2);
  assert.equal(counts(vip(1), vip(2, [checker({ kind: 'tcp' }, { rise: 2 })])), 2);
  assert.equal(counts(vip(1), vip(2, [checker()], {}, { port: 8080 })), 2);
  assert.equal(counts(vip(1), vip(2, [{ ...checker(), target: { port: 80 } }], {}, { port: 8080 })), 1);
  assert.equal(counts(vip(1, [checker(http())]), vip(2, [checker(http())])), 1);
  assert.equal(counts(vip(1, [checker(http())], { virtualHost: 'a' }), vip(2, [checker(http())], { virtualHost: 'b' })), 2);
  assert.equal(
    counts(vip(1, [checker({ kind: 'tcp' }, { alpha: true })]), vip(2, [checker({ kind: 'tcp' }, { logAllFailures: true })])),
    1,
  );
});

test('a server that a reload brings takes over what is known, in a silent way', () => {
  const bed = started(vip(1));
  bed.answers.set(A, failure());
  bed.pass(2);
  bed.takeLog();
  bed.notified.length = 0;
  bed.configure([vip(2), vip(1)], { settings });
  assert.equal(alive(bed), '--');
  assert.deepEqual(
    bed.notified.filter((line) => line.startsWith('RS')),
    [],
  );
  bed.attempts.length = 0;
  bed.pass(20);
  assert.deepEqual(moments(bed), [11, 12, 22], 'at the moments of the one that was there, whose retries go on while it is down');
});

/** An attempt of all is under way since second 1. */
function underWay(...servers: readonly VirtualServer[]): { readonly bed: CheckBed; readonly attempt: number } {
  const bed = started(...servers);
  bed.silent = true;
  bed.pass(1);
  assert.deepEqual(moments(bed), [1]);
  return { bed, attempt: bed.state.attempts };
}

test('a sharer that goes away while the attempt is under way ends nothing; the last one abandons it, once', () => {
  const { bed, attempt } = underWay(vip(1), vip(2), vip(3));
  bed.configure([vip(2), vip(3)], { settings });
  assert.deepEqual(bed.abandoned, []);
  bed.configure([], { settings });
  assert.deepEqual(bed.abandoned, [attempt]);
  const stopping = underWay(vip(1), vip(2));
  stopping.bed.feed({ kind: 'stop', keepServers: false });
  assert.deepEqual(stopping.bed.abandoned, [stopping.attempt]);
});

test('the outcome is for the sharers that are left, for one that came, and for one that has other times by now', () => {
  const { bed, attempt } = underWay(vip(1), vip(2), vip(3));
  bed.configure([vip(2), vip(3, [checker({ kind: 'tcp' }, { delayLoopUs: 5 * SECOND })]), vip(4)], { settings });
  bed.feed({ kind: 'outcomes', outcomes: [{ attempt, checker: 0, outcome: failure() }] });
  assert.equal(alive(bed), '---');
  bed.silent = false;
  bed.answers.set(A, ok);
  bed.attempts.length = 0;
  bed.pass(12);
  assert.deepEqual(moments(bed), [6, 11, 11]);
});

test('turned on by a reload: the attempts of all but one end, and they agree from then on', () => {
  const bed = new CheckBed();
  bed.silent = true;
  bed.configure([vip(1), vip(2)]);
  bed.pass(1);
  bed.configure([vip(1), vip(2)], { settings });
  assert.equal(bed.abandoned.length, 1);
  bed.feed({ kind: 'outcomes', outcomes: [1, 2].map((attempt) => ({ attempt, checker: attempt - 1, outcome: failure() })) });
  assert.equal(alive(bed), '--');
});

test('turned off by a reload: the outcome of the attempt under way is for all that shared it', () => {
  const { bed, attempt } = underWay(vip(1), vip(2), vip(3));
  bed.configure([vip(3), vip(1), vip(2)]);
  assert.deepEqual(bed.abandoned, []);
  bed.feed({ kind: 'outcomes', outcomes: [{ attempt, checker: 0, outcome: failure() }] });
  assert.equal(alive(bed), '---');
  bed.silent = false;
  bed.answers.set(A, ok);
  bed.attempts.length = 0;
  bed.pass(11);
  assert.deepEqual(moments(bed), [11, 11, 11], 'from then on each of them asks for itself');
});

test('ha_suspend: no attempt while all sharers are suspended; a suspended one takes the outcomes of the others', () => {
  const suspended = (number: number): VirtualServer => vip(number, [checker()], { haSuspend: true });
  const idle = started(suspended(1), suspended(2));
  idle.pass(30);
  assert.deepEqual(idle.attempts, []);
  const bed = started(suspended(1), vip(2));
  bed.answers.set(A, failure());
  bed.pass(1);
  assert.deepEqual([moments(bed), alive(bed)], [[1], '--']);
});

test('misc_dynamic: each server has its own weight', () => {
  const misc = { kind: 'misc', script: { argv: ['/x'], text: '/x' }, timeoutUs: 0, dynamic: true } as const;
  const bed = started(vip(1, [checker(misc)]), vip(2, [checker(misc)], {}, { weight: 9 }));
  bed.answers.set(A, { kind: 'success', status: 12 });
  bed.pass(1);
  assert.deepEqual([bed.pool(nameOf(1)), bed.pool(nameOf(2))], [[`${A} 10`], [`${A} 10`]]);
  bed.configure([vip(1, [checker(misc)]), vip(3, [checker(misc)], {}, { weight: 4 })], { settings });
  assert.deepEqual(bed.pool(nameOf(3)), [`${A} 10`]);
});
