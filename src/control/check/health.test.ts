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
