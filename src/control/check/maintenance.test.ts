// Maintenance: checks of a server that an operator has taken out by an override.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CheckBed, checker, failure, SECOND, USUAL_SETTINGS } from '../../../test/support/check-bed.js';
import { emptyConfiguration } from '../../../test/support/keepalived-configuration.js';
import { realServer, virtualServer } from '../../../test/support/virtual-server.js';
import { parseDrainTarget } from '../../model/drain/drain-target.js';
import type { VirtualServer } from '../../model/keepalived/virtual-server.js';
import { itemsOf } from '../timed-list.js';
import { healthOf } from './health.js';
import { maintainedReals } from './maintained-reals.js';
import { rememberedOf } from './remembered.js';

const [A, B] = ['10.0.0.1', '10.0.0.2'] as const;
const TIMING = { retry: 2, fall: 3 };
const server = (timing = TIMING, change: Partial<VirtualServer> = {}): VirtualServer =>
  virtualServer({ realServers: [A, B].map((address) => realServer(address, { checkers: [checker({ kind: 'tcp' }, timing)] })), ...change });

const reals = (servers: readonly VirtualServer[], ...words: readonly string[]): ReadonlySet<string> =>
  maintainedReals(
    { ...emptyConfiguration, virtualServers: servers },
    words.flatMap((word) => parseDrainTarget(word) ?? []),
  );

function maintain(bed: CheckBed, servers: readonly VirtualServer[], ...words: readonly string[]): void {
  bed.feed({ kind: 'maintenance', reals: reals(servers, ...words) });
}

function started(...servers: readonly VirtualServer[]): CheckBed {
  const bed = new CheckBed();
  bed.configure(servers);
  bed.pass(5);
  bed.takeLog();
  bed.attempts.length = 0;
  return bed;
}

const asked = (bed: CheckBed, address: string): readonly string[] => bed.attempts.splice(0).filter((line) => line.startsWith(address));
const maintained = ({ state }: CheckBed): readonly (boolean | undefined)[] => healthOf(state)[0]?.reals.map((one) => one.maintained) ?? [];

test('the server is not asked and stays as it was; afterwards it is asked immediately, and the first failure counts', () => {
  const all = [server({ retry: 2, fall: 1 })];
  const bed = started(...all);
  maintain(bed, all, A);
  assert.deepEqual([maintained(bed), bed.publications], [[true, undefined], 1]);
  bed.answers.set(A, failure());
  bed.pass(60);
  assert.deepEqual(asked(bed, A), []);
  assert.deepEqual(bed.pool(), [`${A} 1`, `${B} 1`]);
  maintain(bed, all);
  bed.pass(0);
  assert.deepEqual([asked(bed, A).length, bed.pool()], [1, [`${B} 1`]]);
  assert.deepEqual(bed.takeLog().slice(0, 2), [
    `Maintenance of service [${A}]:tcp:80 of VS [192.0.2.1]:tcp:80: its health checks wait`,
    `Maintenance of service [${A}]:tcp:80 of VS [192.0.2.1]:tcp:80 is over`,
  ]);
});

test('with fall, one failed round is enough afterwards; a success takes that back', () => {
  const all = [server({ retry: 0, fall: 3 })];
  for (const [answer, pool] of [
    [failure(), [`${B} 1`]],
    [{ kind: 'success' }, [`${A} 1`, `${B} 1`]],
  ] as const) {
    const bed = started(...all);
    maintain(bed, all, A);
    maintain(bed, all);
    bed.answers.set(A, answer);
    bed.pass(0);
    bed.answers.set(A, failure());
    bed.pass(15);
    assert.deepEqual(bed.pool(), pool);
  }
});

test('an attempt under way is forgotten, and a server that was down is down until it is asked again', () => {
  const all = [server({ retry: 0, fall: 1 })];
  const bed = started(...all);
  bed.answers.set(A, failure());
  bed.pass(10);
  assert.deepEqual(bed.pool(), [`${B} 1`]);
  bed.silent = true;
  bed.pass(10);
  maintain(bed, all, `${A}:80`);
  const [attempt] = bed.abandoned;
  assert.ok(attempt !== undefined);
  bed.feed({ kind: 'outcomes', outcomes: [{ attempt, checker: 0, outcome: { kind: 'success' } }] });
  assert.deepEqual(bed.pool(), [`${B} 1`]);
  bed.silent = false;
  bed.answers.delete(A);
  maintain(bed, all);
  bed.pass(0);
  assert.deepEqual(bed.pool(), [`${A} 1`, `${B} 1`]);
});

test('a reload and the next process know it', () => {
  const all = [server()];
  const bed = started(...all);
  maintain(bed, all, A);
  bed.configure([server({ retry: 1, fall: 2 })]);
  bed.pass(30);
  assert.deepEqual([asked(bed, A), maintained(bed)], [[], [true, undefined]]);
  const next = new CheckBed();
  next.configure(all, { remembered: rememberedOf(bed.state), maintained: reals(all, A) });
  next.pass(30);
  assert.deepEqual([asked(next, A), maintained(next)], [[], [true, undefined]]);
  next.configure(all, { maintained: new Set() });
  next.pass(0);
  assert.deepEqual([asked(next, A).length, maintained(next)], [1, [undefined, undefined]]);
});

test('a server of several services is asked as long as one of them is not in maintenance', () => {
  const key = { kind: 'address', protocol: 'tcp', address: realServer('192.0.2.2').address, port: 80 } as const;
  const other = server(TIMING, { name: '[192.0.2.2]:tcp:80', target: { kind: 'service', key } });
  const all = [server(), other];
  assert.equal(reals(all, A).size, 2);
  assert.equal(reals(all, `tcp:192.0.2.2:80/${A}:80`).size, 1);
  assert.equal(reals(all, `${A}:81`, 'tcp:192.0.2.1:80').size, 2, 'a whole service has all of its servers');

  const bed = new CheckBed();
  bed.configure(all, { settings: { ...USUAL_SETTINGS, sharedChecks: true } });
  bed.pass(5);
  bed.attempts.length = 0;
  maintain(bed, all, `tcp:192.0.2.2:80/${A}:80`);
  bed.pass(20);
  assert.equal(asked(bed, A).length, 2, 'the attempt is shared, and made for the other one');
  maintain(bed, all, A);
  bed.pass(20);
  assert.deepEqual(asked(bed, A), []);
  maintain(bed, all, `tcp:192.0.2.1:80/${A}:80`);
  bed.pass(0);
  assert.equal(asked(bed, A).length, 1);
});

test('of a group a server is in maintenance when it is in all of its services', () => {
  const member = (address: string) => ({ kind: 'range', first: realServer(address).address, count: 1, port: 80 }) as const;
  const group = { name: 'web', members: [member('192.0.2.7'), member('192.0.2.8')] };
  const configuration = {
    ...emptyConfiguration,
    virtualServerGroups: [group],
    virtualServers: [server(TIMING, { target: { kind: 'group', group: 'web' } })],
  };
  const sizeOf = (...words: readonly string[]): number =>
    maintainedReals(
      configuration,
      words.flatMap((word) => parseDrainTarget(word) ?? []),
    ).size;
  const words = ['192.0.2.7', '192.0.2.8'].map((address) => `tcp:${address}:80/${A}:80`);
  assert.deepEqual([sizeOf(words[0] ?? ''), sizeOf(...words)], [0, 1]);
});

test('many are asked by turns afterwards, and no time passes meanwhile', () => {
  const all = [server()];
  const bed = started(...all);
  maintain(bed, all, A, B);
  maintain(bed, all);
  assert.deepEqual(
    itemsOf(bed.state.checkers).map(({ dueAtUs }) => dueAtUs),
    [5 * SECOND, 5 * SECOND],
  );
});
