import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CheckBed, checker, failure, SECOND } from '../../../test/support/check-bed.js';
import { realServer, virtualServer } from '../../../test/support/virtual-server.js';
import { healthOf } from './health.js';
import { rememberedOf } from './remembered.js';

const A = '10.0.0.1';
const B = '10.0.0.2';
const configured = virtualServer({ realServers: [A, B].map((address) => realServer(address, { checkers: [checker()] })) });

function summary(bed: CheckBed): readonly string[] {
  return healthOf(bed.state).flatMap(({ reals }) =>
    reals.map(({ server, up, sinceUs, unchecked, failed }) => {
      const why = failed.map(({ check, reason }) => `${check} ${reason}`).join();
      return `${server} ${up ? 'up' : 'down'} ${sinceUs === undefined ? '-' : sinceUs / SECOND} ${unchecked} ${why}`.trim();
    }),
  );
}

test('who is up since when, who was never checked, and why a server is down; known to the next process, too', () => {
  const bed = new CheckBed();
  bed.configure([configured]);
  assert.deepEqual(summary(bed), [`${A}:80 up - 1`, `${B}:80 up - 1`]);
  bed.answers.set(B, failure('HTTP status code error to'));
  bed.pass(1);
  assert.deepEqual(summary(bed), [`${A}:80 up 1 0`, `${B}:80 down 1 0 TCP_CHECK HTTP status code error`]);
  bed.pass(100);
  assert.deepEqual(summary(bed), [`${A}:80 up 1 0`, `${B}:80 down 1 0 TCP_CHECK HTTP status code error`], 'the state did not change');
  const next = new CheckBed();
  next.nowUs = bed.nowUs;
  next.configure([configured], { remembered: rememberedOf(bed.state) });
  assert.deepEqual(summary(next), summary(bed));
  next.answers.set(B, { kind: 'success' });
  next.pass(20);
  assert.match(summary(next)[1] ?? '', /^10\.0\.0\.2:80 up 102 0$/);
});

test('why a server is down is its last failure, not the first; published again only where that is another one', () => {
  const bed = new CheckBed();
  const seen = (text: string) => ({ kind: 'failure', text: 'HTTP status code error to', seen: text }) as const;
  bed.configure([configured]);
  bed.answers.set(B, seen('/: status 503'));
  bed.pass(1);
  const before = summary(bed)[1];
  assert.equal(before, `${B}:80 down 1 0 TCP_CHECK HTTP status code error (/: status 503)`);
  const published = bed.publications;
  bed.pass(30);
  assert.deepEqual([summary(bed)[1], bed.publications], [before, published], 'it fails as before');
  bed.answers.set(B, seen('/: status 404'));
  bed.pass(10);
  assert.equal(summary(bed)[1], `${B}:80 down 1 0 TCP_CHECK HTTP status code error (/: status 404)`);
  assert.equal(bed.publications, published + 1);
  const [failed] = healthOf(bed.state)[0]?.reals[1]?.failed ?? [];
  assert.equal(failed?.everySeconds, 10);
});

test('a check that cannot be made is shown until it is made again', () => {
  const bed = new CheckBed();
  bed.configure([configured]);
  bed.answers.set(A, { kind: 'not-made', text: 'Misc check by [/x] cannot be made: no such file' });
  bed.pass(1);
  const notMade = () => healthOf(bed.state)[0]?.reals.map((real) => real.notMade.map(({ reason }) => reason));
  assert.deepEqual(notMade(), [['Misc check by [/x] cannot be made: no such file'], []]);
  assert.equal(bed.publications, 1);
  bed.pass(30);
  assert.equal(bed.publications, 1);
  bed.answers.set(A, { kind: 'success' });
  bed.pass(10);
  assert.deepEqual(notMade(), [[], []]);
});

test('how often a server went down is counted, through a reload and a restart, too; a server that begins as down is none', () => {
  const bed = new CheckBed();
  const alpha = { alpha: true, checkers: [checker({ kind: 'tcp' }, { alpha: true })] };
  const servers = [virtualServer({ realServers: [realServer(A, { checkers: [checker()] }), realServer(B, alpha)] })];
  const counts = () => healthOf(bed.state)[0]?.reals.map(({ timesDown }) => timesDown);
  bed.configure(servers);
  assert.deepEqual(counts(), [0, 0]);
  for (const _ of [1, 2]) {
    bed.answers.set(A, failure());
    bed.pass(20);
    bed.answers.set(A, { kind: 'success' });
    bed.pass(20);
  }
  bed.configure(servers);
  assert.deepEqual(counts(), [2, 0]);
  const next = new CheckBed();
  next.nowUs = bed.nowUs;
  next.configure(servers, { remembered: rememberedOf(bed.state) });
  assert.deepEqual(
    healthOf(next.state)[0]?.reals.map(({ timesDown }) => timesDown),
    [2, 0],
    'a restart',
  );
});

test('how long a server was down is added up, through a reload and a restart, also of one that comes up after it', () => {
  const bed = new CheckBed();
  const servers = [virtualServer({ realServers: [realServer(A, { checkers: [checker()] })] })];
  const downOf = ({ state }: CheckBed): number => healthOf(state)[0]?.reals[0]?.downUs ?? 0;
  const goDown = (one: CheckBed): void => {
    one.answers.set(A, failure());
    one.pass(30);
    one.answers.set(A, { kind: 'success' });
  };
  bed.configure(servers);
  bed.pass(20);
  assert.equal(downOf(bed), 0);
  goDown(bed);
  bed.pass(20);
  const first = downOf(bed);
  assert.ok(first > 0 && first <= 60_000_000, String(first));
  bed.configure(servers);
  assert.equal(downOf(bed), first);
  goDown(bed);
  const next = new CheckBed();
  next.nowUs = bed.nowUs + 5_000_000;
  next.configure(servers, { remembered: rememberedOf(bed.state) });
  assert.equal(downOf(next), first, 'what is not over is not in it');
  next.answers.set(A, { kind: 'success' });
  next.pass(20);
  assert.ok(downOf(next) >= first + 5_000_000 + 1, `${downOf(next)}: the time without a process counts`);
});

test("what a check saw is a line behind keepalived's, for the failure that counts alone", () => {
  const bed = new CheckBed();
  bed.configure([virtualServer({ realServers: [realServer(B, { checkers: [checker()] })] })]);
  bed.pass(2);
  bed.takeLog();
  bed.answers.set(B, { kind: 'failure', text: 'failed', seen: 'connection refused' });
  bed.pass(60);
  assert.deepEqual(bed.takeLog().slice(0, 3), [
    `TCP_CHECK on service [${B}]:tcp:80 failed after 1 retries.`,
    `TCP_CHECK of service [${B}]:tcp:80 of VS [192.0.2.1]:tcp:80: failed (connection refused)`,
    `Removing service [${B}]:tcp:80 from VS [192.0.2.1]:tcp:80`,
  ]);
  bed.pass(60);
  assert.deepEqual(bed.takeLog(), [], 'it stays down');
});

test("a mail about a server that went down has keepalived's text and what the check saw", () => {
  const bed = new CheckBed();
  bed.configure([configured]);
  bed.answers.set(B, { kind: 'failure', text: 'failed', seen: 'connection refused' });
  bed.pass(1);
  assert.deepEqual(bed.details, ['TCP_CHECK: failed (connection refused)']);
  bed.answers.set(B, { kind: 'success' });
  bed.pass(20);
  assert.equal(bed.details.length, 1, 'none where it came back');
});
