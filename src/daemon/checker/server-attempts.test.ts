import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { CheckBed, checker } from '../../../test/support/check-bed.js';
import { noRoot } from '../../../test/support/probes.js';
import { realServer, virtualServer } from '../../../test/support/virtual-server.js';
import { configuredOwners } from '../../control/check/attempt-owners.js';
import type { Attempt } from '../../control/check/messages.js';
import { publishedAttempts } from '../../host/published-attempts.js';
import { native } from '../../sys/addon.js';
import { ServerAttempts } from './server-attempts.js';

const published = () =>
  publishedAttempts
    .living(String(native().netnsCookie()))
    .filter(({ pid }) => pid === process.pid)
    .flatMap(({ servers }) => servers);

const LONG = 'x'.repeat(1000);

test("attempts are counted for their server, with the last one's outcome; what is configured no more is forgotten", {
  skip: noRoot(),
}, () => {
  const bed = new CheckBed();
  const [one, two] = ['10.0.0.1', '10.0.0.2'].map((address) => realServer(address, { checkers: [checker()] }));
  assert.ok(one !== undefined && two !== undefined);
  bed.configure([virtualServer({ realServers: [one, two] })]);
  mock.timers.enable({ apis: ['setTimeout'] });
  const counts = new ServerAttempts(
    () => bed.state,
    () => {},
  );
  try {
    const attempt = (number: number, index: number): void =>
      counts.begun({ number, checker: index, check: checker().check } as unknown as Attempt);
    attempt(1, 0);
    attempt(2, 1);
    attempt(3, 1);
    counts.ended([
      { attempt: 1, checker: 0, outcome: { kind: 'success' } },
      { attempt: 2, checker: 1, outcome: { kind: 'failure', text: 'connection refused by', seen: LONG } },
      { attempt: 9, checker: 1, outcome: { kind: 'success' } },
    ]);
    counts.abandoned(3);
    mock.timers.tick(1000);
    const [first, second, ...more] = published();
    assert.deepEqual([first?.server, first?.results.success, first?.last.result], ['10.0.0.1:80', 1, 'success']);
    assert.deepEqual(second?.results, { success: 0, failure: 1, 'not-made': 0, abandoned: 1 });
    assert.deepEqual([second?.last.result, more.length], ['abandoned', 0]);
    attempt(4, 1);
    counts.ended([{ attempt: 4, checker: 1, outcome: { kind: 'failure', text: 'refused', seen: LONG } }]);
    bed.configure([virtualServer({ realServers: [two] })]);
    counts.keepConfigured(configuredOwners(bed.state));
    mock.timers.tick(60_000);
    const [left, ...others] = published();
    assert.deepEqual([left?.server, left?.results.failure, others.length], ['10.0.0.2:80', 2, 0]);
    assert.ok((left?.last.text.length ?? 0) <= 200 && left?.last.text.startsWith('refused'));
  } finally {
    counts.close();
    mock.timers.reset();
  }
  assert.deepEqual(published(), []);
});
