// When attempts are made of servers that fail, and which failures count: the moments of keepalived 2.2.7.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CheckBed, checker, failure, SECOND } from '../../../test/support/check-bed.js';
import { realServer, virtualServer } from '../../../test/support/virtual-server.js';
import type { Checker, CheckKind, RealServer, VirtualServer } from '../../model/keepalived/virtual-server.js';
import { itemIn } from '../timed-list.js';

const A = '10.0.0.1';
const B = '10.0.0.2';
const NAME = '[192.0.2.1]:tcp:80';
const real = (address: string, change: Partial<RealServer> = {}): RealServer => realServer(address, { checkers: [checker()], ...change });
const server = (change: Partial<VirtualServer> = {}): VirtualServer => virtualServer({ realServers: [real(A), real(B)], ...change });

function started(...servers: readonly VirtualServer[]): CheckBed {
  const bed = new CheckBed();
  bed.configure(servers.length === 0 ? [server()] : servers);
  return bed;
}

test('what does not retry while a server is down asks once in each round', () => {
  for (const check of [{ kind: 'ping' }, { kind: 'dns', type: 'A', name: 'x' }] as const) {
    const bed = started(server({ realServers: [real(A, { checkers: [checker(check)] })] }));
    bed.answers.set(A, failure());
    bed.pass(31);
    assert.deepEqual(
      bed.attempts,
      [1, 11, 21, 31].map((at) => `${A} ${at}`),
    );
  }
});

const pages = { kind: 'http', urls: [{}, {}], protocol: '1.0', fastRecovery: false, sni: false, tlsCompliant: false } as never;

/** A server with two pages, of which some fail; `asked` holds when which one was asked for: `0@1`. */
function withPages(timing: Partial<Checker['timing']>, check: Partial<CheckKind> = {}) {
  const bed = started(
    server({ realServers: [real(A, { checkers: [checker({ ...(pages as CheckKind), ...check } as CheckKind, timing)] })] }),
  );
  const asked: string[] = [];
  const bad = new Set<number>();
  bed.answers.set(A, (url) => {
    asked.push(`${url}@${bed.nowUs / SECOND}`);
    return bad.has(url) ? failure('HTTP status code error to') : { kind: 'success', text: 'HTTP status code' };
  });
  bed.takeLog();
  return { bed, asked, bad };
}

test('each URL in turn; the one that failed is asked alone, and then all of them again', () => {
  const { bed, asked, bad } = withPages({ delayBeforeRetryUs: 3 * SECOND });
  bed.pass(31);
  assert.deepEqual(asked.splice(0), ['0@1', '1@11', '0@21', '1@31']);
  bad.add(1);
  bed.takeLog();
  bed.pass(30);
  assert.deepEqual([asked.splice(0), bed.pool()], [['0@41', '1@51', '1@54'], []]);
  assert.deepEqual(bed.takeLog().slice(0, 2), [
    `HTTP_CHECK on service [${A}]:tcp:80 failed after 1 retries.`,
    `Removing service [${A}]:tcp:80 from VS ${NAME}`,
  ]);
  bad.clear();
  bed.pass(40);
  assert.deepEqual([asked, bed.pool()], [['1@64', '0@74', '1@84', '0@94'], [`${A} 1`]]);
});

test('a page that fails after another one has become well is asked for after delay_before_retry', () => {
  const { bed, asked, bad } = withPages({ retry: 0, delayBeforeRetryUs: 3 * SECOND });
  bad.add(0).add(1);
  bed.pass(15);
  assert.deepEqual(asked.splice(0), ['0@1', '0@11']);
  bad.delete(0);
  bed.pass(40);
  // 0 is well, then once more with all; 1 fails.
  assert.deepEqual(asked.splice(0), ['0@21', '0@31', '1@41', '1@44', '1@47', '1@50', '1@53']);
  bad.clear();
  bed.pass(1);
  assert.deepEqual([asked, bed.pool()], [['1@56'], [`${A} 1`]], 'the one that was never known to have failed is the last one');
});

test('fast_recovery makes no endless loop of a page that fails while a server comes back', () => {
  const { bed, asked, bad } = withPages({ retry: 0, delayBeforeRetryUs: 3 * SECOND }, { fastRecovery: true } as Partial<CheckKind>);
  bad.add(0).add(1);
  bed.pass(12);
  bad.delete(0);
  bed.pass(14);
  assert.deepEqual(asked, ['0@1', '0@11', '0@21', '0@21', '1@21', '1@24']);
});

test('with delay_before_retry 0 such a page is asked for after delay_loop', () => {
  for (const fastRecovery of [false, true]) {
    const { bed, asked, bad } = withPages({ retry: 2, delayBeforeRetryUs: 0 }, { fastRecovery } as Partial<CheckKind>);
    bad.add(0).add(1);
    bed.pass(12);
    bad.delete(0);
    bed.pass(60);
    // 0 fails twice; then it is asked for once more with all, and 1 fails in each of the rounds that are left.
    const rounds = fastRecovery ? ['0@21', '0@21', '1@21'] : ['0@21', '0@31', '1@41'];
    assert.deepEqual(asked, ['0@1', '0@11', ...rounds, ...(fastRecovery ? ['1@31', '1@41'] : []), '1@51', '1@61', '1@71']);
  }
});

test('HTTP_GET: the very first failure is logged with its retries; with alpha not at all, and no script is run', () => {
  const first = withPages({ retry: 3 });
  first.bad.add(0);
  first.bed.pass(1);
  assert.equal(first.bed.takeLog()[0], `HTTP_CHECK on service [${A}]:tcp:80 failed after 3 retries.`);
  const alpha = withPages({ retry: 3, alpha: true });
  alpha.bad.add(0);
  alpha.bed.notified.length = 0;
  alpha.bed.pass(21);
  assert.deepEqual([alpha.bed.takeLog(), alpha.bed.notified], [[], []]);
  assert.deepEqual(alpha.asked, ['0@1', '0@11', '0@21']);
});

test('SMTP_CHECK retries within each round, the first one, too', () => {
  const bed = started(server({ realServers: [real(A, { checkers: [checker({ kind: 'smtp' }, { retry: 2 })] })] }));
  bed.answers.set(A, failure('Bad greeting banner from server [10.0.0.1]:25'));
  bed.pass(2);
  assert.deepEqual(bed.pool(), [`${A} 1`]);
  bed.pass(13);
  assert.deepEqual(
    bed.attempts.map((line) => line.split(' ')[1]),
    ['1', '2', '3', '13', '14', '15'],
  );
  assert.equal(bed.takeLog().filter((line) => line === 'SMTP_CHECK Bad greeting banner from server [10.0.0.1]:25').length, 1);
});

test('the first failure of a server that a reload brings is retried; of a new check on a server that is down it counts', () => {
  const bed = started();
  bed.answers.set(B, failure());
  bed.pass(2);
  bed.answers.set('10.0.0.3', failure());
  bed.attempts.length = 0;
  const both = { checkers: [checker(), checker({ kind: 'ping' })] };
  bed.configure([server({ realServers: [real(A, both), real(B, both), real('10.0.0.3')] })]);
  bed.takeLog();
  bed.pass(1.5);
  assert.deepEqual(
    bed.takeLog().filter((line) => line.includes('failed')),
    [`ICMP CHECK on service [${B}]:tcp:80 failed.`],
  );
  bed.answers.set(A, failure());
  bed.pass(1);
  assert.deepEqual(
    bed.takeLog().filter((line) => line.includes('failed')),
    ['TCP_CHECK on service [10.0.0.3]:tcp:80 failed after 1 retries.'],
  );
});

test('a reload in the retries: what is left of them, and at least one', () => {
  const bed = started(server({ realServers: [real(A, { checkers: [checker({ kind: 'tcp' }, { retry: 3 })] })] }));
  bed.pass(2);
  bed.answers.set(A, failure());
  bed.pass(11);
  assert.deepEqual(itemIn(bed.state.checkers, 0).retries, 3);
  for (const [retry, left] of [
    [2, 1],
    [5, 1],
    [0, 0],
  ] as const) {
    bed.configure([server({ realServers: [real(A, { checkers: [checker({ kind: 'tcp' }, { retry })] })] })]);
    assert.equal(itemIn(bed.state.checkers, 0).retries, left);
  }
});
