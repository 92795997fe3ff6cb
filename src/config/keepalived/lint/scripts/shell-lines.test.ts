// What is learned from a shell script by reading it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shellLines } from './shell-lines.js';

const look = (text: string) => shellLines({ argv: ['/c.sh'], text: '/c.sh' }, new Map([['/c.sh', text]]));

test('scripts that cannot fail, and scripts that can', () => {
  for (const text of [
    'pidof x\necho $?\n',
    'if pidof x; then\n  echo 0\nelse\n  echo 1\nfi\n',
    'if pidof x; then echo up; else echo down; fi',
    'if ! pidof x; then\n  logger down\nfi\nexit 0\n',
    '#!/usr/bin/env bash\n# exit 1\npidof x\necho "$?" > /tmp/state\n',
  ]) {
    assert.equal(look(text)?.endsInEcho, true, text);
  }
  for (const text of [
    'pidof x\n',
    'echo quit | telnet localhost 80\n',
    'echo checking && pidof x\n',
    'if pidof x; then\n  echo 0\nelse\n  exit 1\nfi\n',
    'if pidof x; then\n  echo 0\nelse\n  systemctl restart x\nfi\n',
    'pidof x\nresult=$?\necho $result\nexit $result\n',
    'set -e\npidof x\necho fine\n',
    'check() {\n  pidof x\n}\ncheck\necho done\n',
    '',
  ]) {
    assert.equal(look(text)?.endsInEcho, false, text);
  }
});

test('sleeps, in seconds', () => {
  assert.equal(look('sleep 1; sleep 2.5\n# sleep 9\n')?.longestSleep, 2.5);
  assert.equal(look('sleep 2m\n')?.longestSleep, 120);
  assert.equal(look('usleep 50\necho asleep 3\n')?.longestSleep, 0);
});

test('whether it looks for addresses of this host', () => {
  for (const text of ['ip addr | grep -q 10.0.0.1', 'ip -4 -o a show', 'hostname -I', '/sbin/ifconfig eth0'])
    assert.ok(look(text)?.looksAtAddresses, text);
  for (const text of ['ip route', 'zip archive']) assert.equal(look(text)?.looksAtAddresses, false, text);
});

test('other languages and missing files are not examined', () => {
  assert.equal(look('#!/usr/bin/python3\nprint(0)\n'), undefined);
  assert.equal(shellLines({ argv: ['/d.sh'], text: '/d.sh' }, new Map()), undefined);
});
