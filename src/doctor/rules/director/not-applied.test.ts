import assert from 'node:assert/strict';
import { test } from 'node:test';
import { notAppliedRule } from './not-applied.js';

test('what of a running weir.yaml is not on the host is named, with the command that puts it there', () => {
  assert.deepEqual(notAppliedRule({}), []);
  const [found, ...more] = notAppliedRule({
    notApplied: [{ path: '/etc/weir/weir.yaml', missing: ['tcp:192.0.2.1:80', '192.0.2.1 on eth0'] }],
  });
  assert.deepEqual(
    [found?.severity, found?.what, found?.fix, more],
    [
      'warning',
      'of /etc/weir/weir.yaml, with which a daemon runs, is not on this host: tcp:192.0.2.1:80, 192.0.2.1 on eth0',
      'weir apply /etc/weir/weir.yaml',
      [],
    ],
  );
});
