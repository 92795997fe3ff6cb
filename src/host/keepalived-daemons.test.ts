import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { isTrusted, readDaemonWords, wordsOf } from './keepalived-daemons.js';

test("a process is believed to be a daemon where root or we started it: its real user counts, not a setuid program's", () => {
  const status = (real: number, effective: number): string =>
    `Name:\tkeepalived\nUid:\t${real}\t${effective}\t${effective}\t0\nGid:\t0\t0\t0\t0\n`;
  assert.ok(isTrusted(status(0, 0), 1000));
  assert.ok(isTrusted(status(1000, 1000), 1000));
  assert.ok(!isTrusted(status(1000, 0), 0));
  assert.ok(!isTrusted('Name:\tUid:\t0\t0\n', 0));
  assert.ok(isTrusted(readFileSync('/proc/self/status', 'utf8'), process.getuid?.() ?? 0));
});

test("a daemon's file and config-id, however they were given", () => {
  const read = (line: string) => readDaemonWords(wordsOf(`/usr/sbin/keepalived\0${line.replaceAll(' ', '\0')}\0\0\0`));
  for (const line of [
    '-f /run/a',
    '-nlf /run/a',
    '-nlf/run/a',
    '--use-file /run/a',
    '--use-f=/run/a',
    '-p -f -f /run/a',
    '-f /b -D -f/run/a',
  ])
    assert.deepEqual(read(line), { path: '/run/a' }, line);
  assert.deepEqual(read('-p -f'), { path: '/etc/keepalived/keepalived.conf' }, 'a pid file named -f');
  assert.deepEqual(read('-i lvs1 --use-file=/run/a'), { path: '/run/a', configId: 'lvs1' });
  assert.deepEqual(read('--option-of-2.9 -f /run/a'), { path: '/run/a' });
  assert.deepEqual(read('--option-of-2.9'), { path: '/etc/keepalived/keepalived.conf' });
  assert.deepEqual(readDaemonWords(wordsOf('keepalived\0-f\0/run/a b\0')), { path: '/run/a b' });
  assert.deepEqual(readDaemonWords(wordsOf('keepalived -n -f /run/a')), { path: '/run/a' }, 'a process that wrote its own title');
});
