import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { failure, failureLine } from './errors/weir-error.js';
import { shellQuoted, shellWord } from './shell-word.js';

test('a shell reads each word as it was', () => {
  const words = ['eth0.7', 'a"b', "a'b", '$(id>&2)', ';reboot', '桥', '*', '~', '', '--help', '`x`', 'a\\b', '#', 'a!b'];
  for (const form of [shellQuoted, shellWord]) {
    const printed = execFileSync('sh', ['-c', `printf '%s\\n' ${words.map(form).join(' ')}`], { encoding: 'utf8' });
    assert.deepEqual(printed.split('\n').slice(0, -1), words);
  }
  assert.equal(shellWord('br-0@eth1:2'), 'br-0@eth1:2');
});

test('a fix quotes the name of an interface where it must', () => {
  assert.equal(failureLine(failure('interface-down', { name: 'eth0' })), 'eth0 is down — fix: ip link set eth0 up');
  assert.equal(failureLine(failure('interface-down', { name: '$(id)' })), "$(id) is down — fix: ip link set '$(id)' up");
  const placed = { address: '10.0.0.1', prefixLength: 24, interface: ';reboot' };
  assert.match(failureLine(failure('vip-elsewhere', placed)), /: ip addr del 10\.0\.0\.1\/24 dev ';reboot'$/);
});
