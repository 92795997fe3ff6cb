import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CheckBed, checker, failure, SECOND } from '../../../test/support/check-bed.js';
import { realServer, virtualServer } from '../../../test/support/virtual-server.js';
import type { RealServer, VirtualServer } from '../../model/keepalived/virtual-server.js';
import { itemsOf, timedList } from '../timed-list.js';
import { rememberedOf } from './remembered.js';

const A = '10.0.0.1';
const B = '10.0.0.2';
const NAME = '[192.0.2.1]:tcp:80';
const real = (address: string, change: Partial<RealServer> = {}): RealServer => realServer(address, { checkers: [checker()], ...change });
const server = (change: Partial<VirtualServer> = {}): VirtualServer => virtualServer({ realServers: [real(A), real(B)], ...change });
const script = (text: string) => ({ argv: [text], text });
const sorryServer = realServer('10.0.0.9');

function started(...servers: readonly VirtualServer[]): CheckBed {
  const bed = new CheckBed();
  bed.configure(servers.length === 0 ? [server()] : servers);
  return bed;
}

test('without alpha servers are in the pool immediately, and the first check comes a second later', () => {
  const bed = started();
  assert.deepEqual(bed.pool(), [`${A} 1`, `${B} 1`]);
  assert.deepEqual(bed.takeLog(), [
    `Gained quorum 1+0=1 <= 2 for VS ${NAME}`,
    `Activating healthchecker for service [${A}]:tcp:80 for VS ${NAME}`,
    `Activating healthchecker for service [${B}]:tcp:80 for VS ${NAME}`,
  ]);
  bed.pass(12);
  assert.deepEqual(bed.attempts, [`${A} 1`, `${B} 1`, `${A} 11`, `${B} 11`]);
  assert.deepEqual(bed.takeLog(), [`TCP connection to [${A}]:tcp:80 success.`, `TCP connection to [${B}]:tcp:80 success.`]);
});

test('the very first failure counts; later ones only after the retries', () => {
  const bed = started();
  bed.takeLog();
  bed.answers.set(A, failure());
  bed.pass(1);
  assert.deepEqual(bed.takeLog().slice(0, 2), [
    `TCP_CHECK on service [${A}]:tcp:80 failed.`,
    `Removing service [${A}]:tcp:80 from VS ${NAME}`,
  ]);
  bed.answers.set(A, { kind: 'success' });
  bed.pass(10);
  assert.deepEqual(bed.takeLog(), [`TCP connection to [${A}]:tcp:80 success.`, `Adding service [${A}]:tcp:80 to VS ${NAME}`]);
  bed.attempts.length = 0;
  bed.answers.set(A, failure());
  bed.pass(10);
  assert.deepEqual(bed.pool(), [`${A} 1`, `${B} 1`]);
  bed.pass(1);
  assert.deepEqual(bed.takeLog(), [
    `TCP_CHECK on service [${A}]:tcp:80 failed after 1 retries.`,
    `Removing service [${A}]:tcp:80 from VS ${NAME}`,
  ]);
  assert.deepEqual(bed.pool(), [`${B} 1`]);
  assert.deepEqual(
    bed.attempts.filter((line) => line.startsWith(A)),
    [`${A} 21`, `${A} 22`],
  );
  bed.pass(21);
  assert.deepEqual(
    bed.attempts.filter((line) => line.startsWith(A)),
    [21, 22, 32, 33, 43].map((at) => `${A} ${at}`),
    'TCP_CHECK of a server that is down retries in each round',
  );
  assert.deepEqual(bed.takeLog(), []);
});

test('alpha: down until the first success, and reported then', () => {
  const alpha = { checkers: [checker({ kind: 'tcp' }, { alpha: true })], alpha: true };
  const bed = started(server({ realServers: [real(A, { ...alpha, notifyUp: script('up') })] }));
  assert.deepEqual(bed.pool(), []);
  bed.pass(1);
  assert.deepEqual(bed.pool(), [`${A} 1`]);
  assert.deepEqual([bed.scripts, bed.notified], [['up'], [`RS [${A}]:tcp:80 ${NAME} UP`, `VS ${NAME} UP`]]);
});

test('several checkers: down with the first failure, up with the last success', () => {
  const two = [checker(), checker({ kind: 'ping' })];
  const bed = started(server({ realServers: [real(A, { checkers: two }), real(B)] }));
  bed.answers.set(A, failure());
  bed.pass(1);
  assert.deepEqual(bed.takeLog().filter((line) => line.startsWith('Removing')).length, 1);
  const [tcp] = itemsOf(bed.state.checkers);
  assert.equal(tcp?.up, false);
  bed.answers.set(A, { kind: 'success' });
  bed.pass(10);
  assert.deepEqual(bed.takeLog().filter((line) => line.startsWith('Adding')).length, 1);
});

test('quorum with hysteresis and a sorry server: it serves from the loss of the quorum to its gain', () => {
  const servers = [1, 2, 3, 4].map((n) => real(`10.0.0.${n}`));
  const bed = started(
    server({ realServers: servers, quorum: 2, hysteresis: 1, sorryServer, quorumUp: script('q-up'), quorumDown: script('q-down') }),
  );
  assert.deepEqual(bed.scripts.splice(0), ['q-up']);
  for (const n of [1, 2]) bed.answers.set(`10.0.0.${n}`, failure());
  bed.pass(1);
  assert.deepEqual([bed.pool()?.length, bed.scripts], [2, []], 'two are left, and one would be enough');
  for (const n of [3, 4]) bed.answers.set(`10.0.0.${n}`, failure());
  bed.takeLog();
  bed.pass(12);
  assert.deepEqual(bed.pool(), ['10.0.0.9 1']);
  assert.deepEqual(bed.takeLog().slice(-4), [
    'Removing service [10.0.0.4]:tcp:80 from VS [192.0.2.1]:tcp:80',
    `Lost quorum 2-1=1 > 0 for VS ${NAME}`,
    `Adding sorry server [10.0.0.9]:tcp:80 to VS ${NAME}`,
    `Removing alive servers from the pool for VS ${NAME}`,
  ]);
  assert.deepEqual(bed.scripts.splice(0), ['q-down']);
  for (const n of [1, 2]) bed.answers.set(`10.0.0.${n}`, { kind: 'success' });
  bed.pass(12);
  assert.deepEqual(bed.pool(), ['10.0.0.9 1'], 'two are alive, and three are needed');
  bed.answers.set('10.0.0.3', { kind: 'success' });
  bed.pass(12);
  assert.deepEqual(bed.pool(), ['10.0.0.1 1', '10.0.0.2 1', '10.0.0.3 1']);
  assert.deepEqual(bed.scripts, ['q-up']);
});

test('inhibit_on_failure: weight 0 instead of removal, for the sorry server, too', () => {
  const inhibit = { inhibitOnFailure: true };
  const bed = started(server({ realServers: [real(A, inhibit), real(B, inhibit)], sorryServer, sorryInhibit: true }));
  assert.deepEqual(bed.pool(), [`${A} 1`, `${B} 1`, '10.0.0.9 0']);
  bed.answers.set(A, failure());
  bed.pass(1);
  assert.deepEqual(bed.pool(), [`${A} 0`, `${B} 1`, '10.0.0.9 0']);
  assert.ok(bed.takeLog().includes(`Disabling service [${A}]:tcp:80 of VS ${NAME}`));
  bed.answers.set(B, failure());
  bed.pass(12);
  assert.deepEqual(bed.pool(), [`${A} 0`, `${B} 0`, '10.0.0.9 1']);
});

test('mails: who asked for them, by keepalived’s subjects', () => {
  const bed = started(server({ smtpAlert: true, realServers: [real(A), real(B, { smtpAlert: false })] }));
  assert.deepEqual(bed.mails.splice(0), [`Virtualserver ${NAME} - UP: Starting with quorum up 1+0=1 <= 2`]);
  for (const address of [A, B]) bed.answers.set(address, failure());
  bed.pass(1);
  assert.deepEqual(bed.mails, [
    `Realserver [${A}]:tcp:80 of virtual server ${NAME} - DOWN: TCP CHECK failed on service`,
    `Virtualserver ${NAME} - DOWN: Lost quorum 1+0=1 <= 0`,
  ]);
});

test('misc_dynamic: the status makes the weight, failure takes it back; a round begins when the last one began', () => {
  const misc = { kind: 'misc', script: script('/check'), timeoutUs: 0, dynamic: true } as const;
  const bed = started(server({ realServers: [real(A, { weight: 5, checkers: [checker(misc, { retry: 0 })] })] }));
  bed.answers.set(A, { kind: 'success', status: 12 });
  bed.pass(1);
  assert.deepEqual(bed.pool(), [`${A} 10`]);
  assert.ok(bed.takeLog().includes(`Changing weight from 5 to 10 for active service [${A}]:tcp:80 of VS ${NAME}`));
  bed.answers.set(A, { kind: 'failure', text: 'failed (exited with status 1)', status: 1 });
  bed.pass(10);
  assert.deepEqual(bed.pool(), []);
  const line = `Misc check for [[${A}]:tcp:80 VS ${NAME}] by [/check] failed with retry disabled (exited with status 1).`;
  assert.ok(bed.takeLog().includes(line));
  bed.answers.set(A, { kind: 'success', status: 0 });
  bed.pass(10);
  assert.deepEqual(bed.pool(), [`${A} 5`]);
});

test('FILE_CHECK changes the weight, and the health at the limit; BFD_CHECK follows its session', () => {
  const file = { kind: 'file', trackFile: 'load', weight: -2, reverse: false } as const;
  const plain = { ...file, trackFile: 'off', weight: 0 } as const;
  const checkers = [checker(file), checker(plain), checker({ kind: 'bfd', name: 'peer' })];
  const bed = started(server({ realServers: [real(A, { weight: 10, checkers })] }));
  assert.deepEqual(bed.pool(), [`${A} 10`]);
  bed.feed({ kind: 'file', name: 'load', value: 3 });
  assert.deepEqual(bed.pool(), [`${A} 4`]);
  bed.feed({ kind: 'file', name: 'load', value: 30 });
  assert.deepEqual(bed.pool(), [`${A} 0`]);
  bed.feed({ kind: 'file', name: 'load', value: 2 ** 31 - 1 });
  assert.deepEqual(bed.pool(), []);
  bed.feed({ kind: 'file', name: 'load', value: undefined });
  assert.deepEqual(bed.pool(), [`${A} 10`]);
  bed.feed({ kind: 'file', name: 'off', value: 1 });
  assert.deepEqual(bed.pool(), []);
  bed.feed({ kind: 'file', name: 'off', value: 0 });
  bed.feed({ kind: 'bfd', name: 'peer', up: false });
  assert.deepEqual(bed.pool(), []);
  bed.feed({ kind: 'bfd', name: 'peer', up: true });
  assert.deepEqual(bed.pool(), [`${A} 10`]);
  assert.ok(bed.takeLog().includes(`BFD check of [peer] RS([${A}]:tcp:80) is DOWN`));
});

test('ha_suspend: no attempts while the address is not here; what was found stays', () => {
  const bed = started(server({ haSuspend: true }));
  bed.pass(30);
  assert.deepEqual([bed.attempts, bed.pool()?.length], [[], 2]);
  bed.feed({ kind: 'addresses', counts: new Map([['inet 192.0.2.1', 1]]) });
  const { addresses } = bed.state;
  assert.equal(addresses.size, 1);
});

test('an attempt that could not be made is neither success nor failure, and logged once until one is made', () => {
  const bed = started();
  bed.answers.set(A, { kind: 'not-made', text: 'TCP connect fail to create socket. Rescheduling.' });
  bed.pass(25);
  assert.deepEqual(bed.pool(), [`${A} 1`, `${B} 1`]);
  const hindered = (): number => bed.takeLog().filter((line) => line.endsWith('Rescheduling.')).length;
  assert.equal(hindered(), 1);
  const again = bed.answers.get(A);
  bed.answers.delete(A);
  bed.pass(10);
  bed.answers.set(A, again ?? failure());
  bed.pass(30);
  assert.deepEqual([hindered(), bed.pool()], [1, [`${A} 1`, `${B} 1`]]);
});

test('what this host refused is logged in front, once, of a failure that it is, too', () => {
  const bed = started();
  const cause = 'Checker bind failed: Cannot assign requested address';
  bed.answers.set(A, { kind: 'not-made', text: 'TCP socket bind failed. Rescheduling.', cause });
  bed.takeLog();
  bed.pass(25);
  assert.deepEqual(
    bed.takeLog().filter((line) => line.includes('failed')),
    [cause, 'TCP socket bind failed. Rescheduling.'],
  );
  bed.answers.set(B, { kind: 'failure', text: 'unreachable', cause: 'bind failed. errno: 99' });
  bed.pass(25);
  assert.deepEqual(
    bed.takeLog().filter((line) => line.includes('failed')),
    ['bind failed. errno: 99', `TCP_CHECK on service [${B}]:tcp:80 failed after 1 retries.`],
  );
});

test('a reload keeps health, takes new weights, starts what is new and ends what goes', () => {
  const bed = started();
  bed.answers.set(A, failure());
  bed.pass(2);
  bed.takeLog();
  bed.answers.set(A, failure());
  bed.configure([server({ realServers: [real(A), real(B, { weight: 7 }), real('10.0.0.3')] })]);
  assert.deepEqual(bed.pool(), [`${B} 7`, '10.0.0.3 1']);
  assert.ok(bed.takeLog().includes(`Changing weight from 1 to 7 for active service [${B}]:tcp:80 of VS ${NAME}`));
  bed.configure([server({ realServers: [real('10.0.0.3')] })]);
  assert.deepEqual(bed.pool(), ['10.0.0.3 1']);
  const lines = bed.takeLog();
  assert.ok(lines.includes(`service [${B}]:tcp:80 no longer exist`) && lines.includes(`Removing service [${B}]:tcp:80 from VS ${NAME}`));
  assert.ok(!lines.includes(`Removing service [${A}]:tcp:80 from VS ${NAME}`), 'it was out already');
  bed.configure([]);
  assert.equal(bed.pool(), undefined);
  assert.ok(bed.takeLog().includes(`Removing Virtual Server ${NAME}`));
});

test('an attempt under way outlives a reload that leaves its check alone, and is abandoned with it', () => {
  const bed = started();
  const begun = {
    ...bed.state,
    checkers: timedList(itemsOf(bed.state.checkers).map((one, n) => ({ ...one, attempt: n + 1, dueAtUs: undefined }))),
    attempts: 2,
  };
  bed.state = begun;
  bed.configure([server({ realServers: [real(A)] })]);
  assert.deepEqual(bed.abandoned, [2]);
  bed.feed({ kind: 'outcomes', outcomes: [{ attempt: 1, checker: 0, outcome: failure() }] });
  assert.deepEqual(bed.pool(), []);
});

test('what an earlier process knew: a server that was down stays down, without a word to others', () => {
  const first = started();
  first.answers.set(A, failure());
  first.pass(1);
  const bed = new CheckBed();
  bed.configure([server()], { remembered: rememberedOf(first.state) });
  assert.deepEqual([bed.pool(), bed.notified], [[`${B} 1`], [`VS ${NAME} UP`]]);
});

test('what was refused is tried again after 1, 2, 4 … 60 s, and reported when it comes and goes', () => {
  const bed = new CheckBed();
  bed.result = { kind: 'done', refused: ['no room'] };
  bed.configure([server({ realServers: [realServer(A)] })]);
  assert.ok(bed.takeLog().includes('no room - trying again'));
  bed.pass(0.9);
  assert.equal(bed.applied, 1);
  bed.pass(6.2);
  assert.deepEqual([bed.applied, bed.takeLog()], [4, []]);
  bed.result = { kind: 'done', refused: [] };
  bed.pass(8);
  assert.deepEqual([bed.applied, bed.takeLog()], [5, ['no longer: no room']]);
  bed.pass(1000);
  assert.equal(bed.applied, 5);
});

test('a lock that others hold is tried every 20 ms, and reported after a second', () => {
  const bed = new CheckBed();
  bed.result = { kind: 'busy', who: 'process 7' };
  bed.configure([server({ realServers: [realServer(A)] })]);
  bed.takeLog();
  bed.pass(0.97);
  assert.deepEqual([bed.applied, bed.takeLog()], [49, []]);
  bed.pass(10);
  assert.deepEqual([bed.applied, bed.takeLog()], [69, ['virtual servers cannot be set up: process 7 - trying again']]);
  bed.result = { kind: 'done', refused: [] };
  bed.pass(1);
  assert.deepEqual([bed.applied, bed.takeLog()], [70, ['no longer: virtual servers cannot be set up: process 7']]);
});

test('at the end everything is taken out; with omega scripts are run', () => {
  const withOmega = server({ omega: true, quorumDown: script('q-down'), realServers: [real(A, { notifyDown: script('down') })] });
  const bed = started(withOmega);
  bed.feed({ kind: 'stop', keepServers: false });
  assert.deepEqual([bed.pool(), bed.scripts], [undefined, ['down', 'q-down']]);
  assert.ok(bed.takeLog().includes(`Shutting down service [${A}]:tcp:80 from VS ${NAME}`));
  bed.pass(100);
  assert.deepEqual(bed.attempts, []);
  const kept = started(withOmega);
  kept.feed({ kind: 'stop', keepServers: true });
  assert.deepEqual([kept.pool(), kept.scripts], [[`${A} 1`], []]);
});

test('a sorry server that a reload brings while there is no quorum serves immediately, and the loss is not reported again', () => {
  const bed = started(server({ realServers: [real(A)], quorumDown: script('q-down') }));
  bed.answers.set(A, failure());
  bed.pass(1);
  assert.deepEqual([bed.pool(), bed.scripts.splice(0)], [[], ['q-down']]);
  bed.configure([server({ realServers: [real(A)], quorumDown: script('q-down'), sorryServer })]);
  assert.deepEqual([bed.pool(), bed.scripts], [['10.0.0.9 1'], []]);
});

const dynamic = (weight: number): VirtualServer =>
  server({
    realServers: [
      real(A, { weight, checkers: [checker({ kind: 'misc', script: script('/x'), timeoutUs: 0, dynamic: true }, { retry: 0 })] }),
    ],
  });

test('misc_dynamic: a script that hangs and then ends with the same status gives the same weight again', () => {
  const bed = started(dynamic(1));
  bed.answers.set(A, { kind: 'success', status: 12 });
  bed.pass(1);
  assert.deepEqual(bed.pool(), [`${A} 10`]);
  bed.answers.set(A, failure('timed out'));
  bed.pass(10);
  assert.deepEqual(bed.pool(), []);
  bed.answers.set(A, { kind: 'success', status: 12 });
  bed.pass(10);
  assert.deepEqual(bed.pool(), [`${A} 10`]);
});

test('misc_dynamic: a reload or a restart with another weight leaves the script’s', () => {
  const bed = started(dynamic(1));
  bed.answers.set(A, { kind: 'success', status: 12 });
  bed.pass(1);
  bed.configure([dynamic(5)]);
  assert.deepEqual(bed.pool(), [`${A} 10`]);
  const next = new CheckBed();
  next.configure([dynamic(3)], { remembered: rememberedOf(bed.state) });
  assert.deepEqual(next.pool(), [`${A} 10`]);
});

test('after a pause all checks are due: they begin 64 at a time, and each of them once', () => {
  const servers = Array.from({ length: 1000 }, (_, number) => real(`10.1.${number >> 8}.${number & 255}`));
  const bed = started(server({ realServers: servers }));
  bed.pass(5);
  bed.nowUs += 600 * SECOND;
  bed.attempts.length = 0;
  const batches: number[] = [];
  for (let wakes = 0; wakes < 20 && (bed.wakeAtUs ?? Number.POSITIVE_INFINITY) <= bed.nowUs; wakes++) {
    const before = bed.attempts.length;
    bed.feed({ kind: 'wake' });
    batches.push(bed.attempts.length - before);
  }
  assert.deepEqual(batches, [...Array.from({ length: 15 }, () => 64), 40]);
  assert.equal(new Set(bed.attempts).size, 1000);
});

test('checks that begin late together keep their distances, as far as a tenth of the pause', () => {
  const bed = started(server({ realServers: [real(A), real(B), real('10.0.0.3')] }));
  const dues = [SECOND, SECOND + 10_000, SECOND + 1_500_000];
  bed.state = { ...bed.state, checkers: timedList(itemsOf(bed.state.checkers).map((one, n) => ({ ...one, dueAtUs: dues[n] }))) };
  bed.nowUs = 3 * SECOND;
  bed.feed({ kind: 'wake' });
  assert.equal(bed.attempts.length, 3);
  assert.deepEqual(
    itemsOf(bed.state.checkers).map(({ dueAtUs }) => dueAtUs),
    [13 * SECOND, 13 * SECOND + 10_000, 14 * SECOND],
  );
});
