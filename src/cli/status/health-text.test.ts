import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DaemonStatus, RealHealthStatus } from '../../report/status/status.js';
import { healthText } from './health-text.js';

const NOW = Date.parse('2026-11-21T12:00:00.000Z');
const ago = (seconds: number): string => new Date(NOW - seconds * 1000).toISOString();
const real: RealHealthStatus = {
  server: '10.0.0.1:80',
  up: true,
  since: ago(600),
  weight: 10,
  checks: 1,
  unchecked: 0,
  failed: [],
  notMade: [],
  timesDown: 0,
};

test('every server has its line: its state, since when, its weight, how often it went down, and why it is down', () => {
  const daemon: DaemonStatus = {
    pid: 812,
    program: 'weir',
    file: '/etc/k.conf',
    since: null,
    instances: null,
    bfd: null,
    otherBuild: false,
    health: [
      {
        name: '[192.0.2.1]:tcp:80',
        quorumUp: true,
        quorum: 1,
        weight: 20,
        sorry: false,
        suspended: false,
        servers: [
          real,
          {
            ...real,
            server: '10.0.0.2:80',
            up: false,
            since: ago(90),
            timesDown: 3,
            failed: [{ check: 'TCP_CHECK', reason: 'failed (Connection refused)', since: ago(90), everySeconds: 6 }],
          },
          { ...real, server: '10.0.0.3:80', since: null, unchecked: 1 },
          { ...real, server: '10.0.0.4:80', up: false, since: null, unchecked: 1 },
          { ...real, server: '10.0.0.5:80', since: null, checks: 0, slowWeight: 4 },
          { ...real, server: '10.0.0.7:80', since: null, maintained: true },
          { ...real, server: '10.0.0.6:80', since: null, notMade: [{ check: 'MISC_CHECK', reason: 'no such script' }] },
        ],
      },
    ],
  };
  const lines = healthText([daemon], NOW)
    .split('\n')
    .map((line) => line.replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/, 'THEN'));
  assert.deepEqual(lines, [
    'weir 812, /etc/k.conf: 1 up, 0 down; 5 of 7 servers up; 2 not checked yet; 1 in maintenance',
    'up   [192.0.2.1]:tcp:80: 5 of 7 servers up; weight 20, quorum 1',
    '  10.0.0.1:80 up since THEN (10 min ago); weight 10; went down 0 times',
    '  10.0.0.2:80 down since THEN (90 s ago); weight 10; went down 3 times',
    '    TCP_CHECK failed (Connection refused); asked again every 6 s',
    '  10.0.0.3:80 up, not checked yet; weight 10; went down 0 times',
    '  10.0.0.4:80 down, not checked yet; weight 10; went down 0 times',
    '  10.0.0.5:80 up, without a check; weight 4 of 10, starts slowly; went down 0 times',
    '  10.0.0.7:80 up; weight 10; went down 0 times',
    '    in maintenance: its checks wait',
    '  10.0.0.6:80 up; weight 10; went down 0 times',
    '    10.0.0.6:80: MISC_CHECK gives no verdict: no such script',
    '',
  ]);
});
