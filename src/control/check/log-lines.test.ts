// The number of log lines, as keepalived has them: found side by side with it (test/interop/checks).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CheckBed, checker, failure } from '../../../test/support/check-bed.js';
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
