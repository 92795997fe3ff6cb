import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commandLines, consolePrefix, oneLine, syslogLine } from './log-text.js';

const at = new Date(2026, 10, 2, 12, 2, 4);

test('the console has ctime’s date', () => assert.equal(consolePrefix(at), 'Mon Nov  2 12:02:04 2026: '));

test('syslog has facility, severity, name and number', () => {
  assert.equal(
    syslogLine(at, 3, 'info', 'Keepalived_vrrp', 77, '(VI_1) Entering MASTER STATE'),
    '<30>Nov  2 12:02:04 Keepalived_vrrp[77]: (VI_1) Entering MASTER STATE',
  );
  assert.ok(syslogLine(at, 16, 'error', 'Keepalived', 1, 'x').startsWith('<131>'));
  assert.ok(syslogLine(at, 3, 'debug', 'Keepalived', 1, 'x').startsWith('<30>'));
});

test('nothing in a line can end it', () => assert.equal(oneLine('a\nb\u001b[31m\tc\u009b1m'), 'a\\x0ab\\x1b[31m\tc\\x9b1m'));

test('the command is logged in lines of 102 columns, as by keepalived', () => {
  const words = [
    '/usr/sbin/keepalived',
    '-f',
    '/etc/keepalived/sites/ha/ok.conf',
    '-P',
    '-p',
    '/run/p.pid',
    '-r',
    '/run/r.pid',
    '-c',
    '/run/c.pid',
  ];
  assert.deepEqual(commandLines(words), [
    "Command line: '/usr/sbin/keepalived' '-f' '/etc/keepalived/sites/ha/ok.conf' '-P' '-p' '/run/p.pid'",
    "              '-r' '/run/r.pid' '-c' '/run/c.pid'",
  ]);
  assert.deepEqual(commandLines(['x', 'y'.repeat(200)]), ["Command line: 'x'", `              '${'y'.repeat(200)}'`]);
});
