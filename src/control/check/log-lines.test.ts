// The number of log lines, as keepalived has them: found side by side with it (test/interop/checks).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CheckBed, checker, failure, USUAL_SETTINGS } from '../../../test/support/check-bed.js';
import { realServer, virtualServer } from '../../../test/support/virtual-server.js';

const NAME = '[10.0.0.1]:tcp:80';

function up(alpha = false): CheckBed {
  const bed = new CheckBed();
  const checkers = [checker({ kind: 'tcp' }, { logAllFailures: true, alpha })];
  bed.configure([virtualServer({ realServers: [realServer('10.0.0.1', { alpha, checkers })] })]);
  return bed;
}

const about = (bed: CheckBed): readonly string[] => bed.takeLog().filter((line) => /^TCP/.test(line));

test('log_all_failures: the failure of a connection that counts has its own line, too', () => {
  const bed = up();
  bed.pass(2);
  bed.takeLog();
  bed.answers.set('10.0.0.1', failure());
  bed.pass(12);
  assert.deepEqual(about(bed), [
    `TCP connection to ${NAME} failed.`,
    `TCP connection to ${NAME} failed.`,
    `TCP_CHECK on service ${NAME} failed after 1 retries.`,
  ]);
});

test('but not where the check was never up', () => {
  const bed = up(true);
  bed.answers.set('10.0.0.1', failure());
  bed.pass(2);
  assert.deepEqual(about(bed), [`TCP_CHECK on service ${NAME} failed.`]);
});

test('what a file adds to a weight at the start is no change; later it is', () => {
  const bed = new CheckBed();
  bed.feed({ kind: 'file', name: 'load', value: 1 });
  const checkers = [checker({ kind: 'file', trackFile: 'load', weight: 2, reverse: false })];
  bed.configure([virtualServer({ realServers: [realServer('10.0.0.1', { weight: 10, checkers })] })]);
  assert.deepEqual([bed.pool(), bed.takeLog()], [['10.0.0.1 12'], ['Gained quorum 1+0=1 <= 12 for VS [192.0.2.1]:tcp:80']]);
  bed.feed({ kind: 'file', name: 'load', value: 5 });
  assert.deepEqual(bed.takeLog(), [`Changing weight from 12 to 20 for active service ${NAME} of VS [192.0.2.1]:tcp:80`]);
});

test('noQuorumLines: a quorum that is gained or lost has no line, its servers have theirs', () => {
  const bed = new CheckBed();
  const settings = { ...USUAL_SETTINGS, noQuorumLines: true } as const;
  bed.configure([virtualServer({ realServers: [realServer('10.0.0.1', { checkers: [checker({ kind: 'tcp' })] })] })], { settings });
  bed.pass(2);
  bed.answers.set('10.0.0.1', failure());
  bed.pass(30);
  const lines = bed.takeLog();
  assert.deepEqual(
    lines.filter((line) => /quorum/.test(line)),
    [],
  );
  assert.ok(lines.includes(`Removing service ${NAME} from VS [192.0.2.1]:tcp:80`));
});

test('lvs_flush_on_stop: nothing is logged or notified of servers, with omega the loss of the quorum', () => {
  const bed = new CheckBed();
  bed.configure([virtualServer({ omega: true })], { settings: { ...USUAL_SETTINGS, lvsFlushOnStop: 'all' } });
  bed.takeLog();
  bed.notified.length = 0;
  bed.feed({ kind: 'stop', keepServers: false });
  assert.deepEqual([bed.takeLog(), bed.notified], [[], ['VS [192.0.2.1]:tcp:80 DOWN']]);
  assert.deepEqual([...bed.pools], []);
});

test('a sorry server that a reload takes away is logged where it was in the table', () => {
  const sorryServer = realServer('10.0.0.9');
  const line = 'Removing sorry server [10.0.0.9]:tcp:80 from VS [192.0.2.1]:tcp:80';
  const realServers = [realServer('10.0.0.1', { checkers: [checker()] })];
  for (const [sorryInhibit, up, logged] of [
    [false, false, [line]],
    [true, true, [line]],
    [false, true, []],
  ] as const) {
    const bed = new CheckBed();
    if (!up) bed.answers.set('10.0.0.1', failure());
    bed.configure([virtualServer({ sorryServer, sorryInhibit, realServers })]);
    bed.pass(2);
    bed.takeLog();
    bed.configure([virtualServer({ sorryServer, sorryInhibit, realServers })]);
    assert.deepEqual(
      bed.takeLog().filter((text) => text.includes('sorry')),
      [],
    );
    bed.configure([virtualServer({ realServers })]);
    assert.deepEqual(
      bed.takeLog().filter((text) => text.includes('sorry')),
      logged,
    );
  }
});
