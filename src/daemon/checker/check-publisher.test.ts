import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { CheckBed, checker, failure } from '../../../test/support/check-bed.js';
import { noRoot } from '../../../test/support/probes.js';
import { realServer, virtualServer } from '../../../test/support/virtual-server.js';
import { publishedChecks } from '../../host/published-checks.js';
import { native } from '../../sys/addon.js';
import { CheckPublisher } from './check-publisher.js';

test('health is published soon after a change, and nothing after the end', { skip: noRoot() }, () => {
  const bed = new CheckBed();
  bed.configure([virtualServer({ realServers: [realServer('10.0.0.1', { checkers: [checker()] })] })]);
  bed.answers.set('10.0.0.1', failure('timeout'));
  bed.pass(1);
  const published = () => publishedChecks.living(String(native().netnsCookie())).filter(({ pid }) => pid === process.pid);
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const publisher = new CheckPublisher(
      () => bed.state,
      () => {},
    );
    publisher.publishSoon();
    publisher.publishSoon();
    mock.timers.tick(1000);
    const [real] = published()[0]?.servers[0]?.reals ?? [];
    assert.deepEqual(
      [real?.server, real?.up, real?.failed[0]?.check, real?.failed[0]?.reason],
      ['10.0.0.1:80', false, 'TCP_CHECK', 'timeout'],
    );
    publisher.publishSoon();
    publisher.close();
    publisher.publishSoon();
    mock.timers.tick(60_000);
    assert.deepEqual(published(), []);
  } finally {
    mock.timers.reset();
  }
});
