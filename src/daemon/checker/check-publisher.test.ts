import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { CheckBed, checker, failure } from '../../../test/support/check-bed.js';
import { noRoot } from '../../../test/support/probes.js';
import { realServer, virtualServer } from '../../../test/support/virtual-server.js';
import { type PublishedServer, publishedChecks } from '../../host/published-checks.js';
import { native } from '../../sys/addon.js';
import { CheckPublisher, publishedTexts } from './check-publisher.js';

const published = () => publishedChecks.living(String(native().netnsCookie())).filter(({ pid }) => pid === process.pid);

/** A virtual server of so many real servers, all checked and well. */
function bedOf(count: number): CheckBed {
  const bed = new CheckBed();
  const realServers = Array.from({ length: count }, (_, index) => realServer('10.0.0.1', { port: 1 + index, checkers: [checker()] }));
  bed.configure([virtualServer({ realServers })]);
  bed.pass(1);
  return bed;
}

test('health is published soon after a change, and nothing after the end', { skip: noRoot() }, () => {
  const bed = new CheckBed();
  bed.configure([virtualServer({ realServers: [realServer('10.0.0.1', { checkers: [checker()] })] })]);
  bed.answers.set('10.0.0.1', failure('timeout'));
  bed.pass(1);
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

test('the document of many servers is made in steps, and is that of the moment at which it was begun', () => {
  const bed = bedOf(250);
  const texts = publishedTexts(bed.state);
  const steps = [texts.next(), texts.next()].map(({ done }) => done);
  bed.answers.set('10.0.0.1', failure('timeout'));
  bed.pass(60);
  const { done, value } = texts.next();
  assert.deepEqual([...steps, done], [false, false, true]);
  const [server] = (value ?? []).map((text) => JSON.parse(text) as PublishedServer);
  assert.deepEqual([server?.reals.length, server?.reals.filter(({ up }) => up).length, server?.weight], [250, 250, 250]);
});

test('the event loop goes on while a document is made; what changes meanwhile is published after it', { skip: noRoot() }, async () => {
  const bed = bedOf(250);
  mock.timers.enable({ apis: ['setTimeout'] });
  const publisher = new CheckPublisher(
    () => bed.state,
    () => {},
  );
  try {
    publisher.publishSoon();
    mock.timers.tick(1000);
    assert.deepEqual(published(), [], 'not all in the turn of the timer');
    bed.answers.set('10.0.0.1', failure('timeout'));
    bed.pass(60);
    publisher.publishSoon();
    for (let turns = 0; turns < 5; turns++) await turn();
    assert.equal(published()[0]?.servers[0]?.weight, 250);
    mock.timers.tick(600_000);
    for (let turns = 0; turns < 5; turns++) await turn();
    assert.equal(published()[0]?.servers[0]?.weight, 0);
  } finally {
    publisher.close();
    mock.timers.reset();
  }
  assert.deepEqual(published(), []);
});
