import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { noRoot } from '../../../test/support/probes.js';
import { native } from '../addon.js';
import { openFds, using } from '../fd.js';
import { Netns } from './netns.js';
import { removeNetns } from './remove-netns.js';

const root = { skip: noRoot() };

test('the namespace of this process', root, () => {
  using(Netns.own(), (own) => {
    assert.equal(own.cookie, native().netnsCookie());
    using(Netns.byPid(process.pid), (same) => assert.equal(same.cookie, own.cookie));
    assert.equal(own.ifIndex('lo'), native().ifNameToIndex('lo'));
  });
});

test('a named namespace is another one, and the thread comes back from it', root, () => {
  const before = openFds();
  const name = `sys-netns-${process.pid}`;
  execFileSync('ip', ['netns', 'add', name]);
  try {
    const own = native().netnsCookie();
    using(Netns.byName(name), (other) => {
      assert.notEqual(other.cookie, own);
      execFileSync('ip', ['-n', name, 'link', 'add', 'only-here', 'type', 'bridge']);
      assert.ok(other.ifIndex('only-here') > 0);
      assert.throws(() => native().ifNameToIndex('only-here'), { code: 'ENODEV', syscall: 'if_nametoindex' });
      const socket = other.socket(2, 2, 0);
      // SO_BINDTODEVICE finds the device in the socket's namespace, not in ours
      native().setsockopt(socket.number, 1, 25, Buffer.from('only-here\0'));
      socket.close();
    });
    assert.equal(native().netnsCookie(), own);
  } finally {
    assert.equal(removeNetns(name), undefined);
  }
  assert.deepEqual(openFds(), before);
});

test('a file that is no namespace is refused in one line', root, () => {
  const before = openFds();
  assert.throws(() => Netns.byName('no-such-name'), /^WeirError: no-such-name: no such network namespace$/);
  assert.throws(() => Netns.byName('../netns'), /cannot be the name/);
  assert.throws(() => Netns.byPath('/dev/null'), /^WeirError: \/dev\/null is no network namespace$/);
  assert.throws(() => Netns.byPath('/proc/self/ns/mnt'), /is no network namespace$/);
  assert.deepEqual(openFds(), before);
});
