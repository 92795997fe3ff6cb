// What is logged and shown of a server whose certificate is wrong, or ends soon.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CheckBed, checker } from '../../../test/support/check-bed.js';
import { realServer, virtualServer } from '../../../test/support/virtual-server.js';
import type { CheckKind } from '../../model/keepalived/virtual-server.js';
import { healthOf } from './health.js';
import type { Outcome } from './messages.js';

const A = '10.0.0.1';
const NAME = `[${A}]:tcp:80`;
const REASON = 'certificate has expired on 2026-11-20';
const ssl = (pages: number): CheckKind => ({
  kind: 'ssl',
  urls: Array.from({ length: pages }, (_, page) => ({ path: `/${page}`, statusCodes: [], tlsCompliant: false })),
  protocol: '1.0',
  fastRecovery: false,
  sni: false,
  tlsCompliant: false,
  verify: {},
});

function up(pages: number, answer: (url: number) => Outcome, logAllFailures = false): CheckBed {
  const bed = new CheckBed();
  bed.answers.set(A, answer);
  bed.configure([virtualServer({ realServers: [realServer(A, { checkers: [checker(ssl(pages), { logAllFailures })] })] })]);
  return bed;
}

const lines = (bed: CheckBed): readonly string[] => bed.takeLog().filter((line) => /SSL|HTTP_CHECK/.test(line));

test('a wrong certificate: the reason is in the line and in what weir status shows', () => {
  let wrong = false;
  const bed = up(
    1,
    () => (wrong ? { kind: 'failure', text: `SSL error (${REASON}) connecting to`, reason: REASON } : { kind: 'success' }),
    true,
  );
  bed.pass(2);
  bed.takeLog();
  wrong = true;
  bed.pass(12);
  assert.deepEqual(lines(bed), [
    `SSL error (${REASON}) connecting to server ${NAME}.`,
    `SSL error (${REASON}) connecting to server ${NAME}.`,
    `HTTP_CHECK on service ${NAME} failed after 1 retries: ${REASON}.`,
  ]);
  assert.deepEqual(bed.pool(), []);
  assert.deepEqual(bed.details, [`SSL_GET: ${REASON}`], 'of the mail');
  const [failed] = healthOf(bed.state)[0]?.reals[0]?.failed ?? [];
  assert.deepEqual([failed?.check, failed?.reason], ['SSL_GET', REASON]);
});

test('a warning is logged once for each page until it is another one, also while another page has one', () => {
  let day = 5;
  const bed = up(3, (url) => ({ kind: 'success', ...(url === 2 ? {} : { warning: `certificate ${url} ends in ${day} days` }) }));
  const warning = (url: number): string => `SSL_GET of service ${NAME}: certificate ${url} ends in ${day} days.`;
  bed.pass(100);
  assert.deepEqual(lines(bed), [warning(0), warning(1)]);
  day = 4;
  bed.pass(100);
  assert.deepEqual([...lines(bed)].sort(), [warning(0), warning(1)]);
  assert.deepEqual(bed.pool(), [`${A} 1`]);
});
