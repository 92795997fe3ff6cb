// Every way a plain descriptor or socket call fails is thrown with code, errno and syscall; nothing is returned instead.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { native } from '../../src/sys/addon.js';
import { EBADF, EINVAL, ENOENT, fails, fdCount, needsRoot } from './support.js';

const n = native();
const folder = mkdtempSync(join(tmpdir(), 'weir-errors-'));
after(() => rmSync(folder, { recursive: true }));
const CLOSED = 1 << 20;
const bytes = new Uint8Array(64);

test('calls on a closed descriptor', () => {
  fails(() => n.close(CLOSED), 'EBADF', EBADF, 'close');
  fails(() => n.close(-1), 'EBADF', EBADF, 'close');
  fails(() => n.flock(CLOSED, 1), 'EBADF', EBADF, 'flock');
  fails(() => n.bind(CLOSED, bytes), 'EBADF', EBADF, 'bind');
  fails(() => n.listen(CLOSED, 1), 'EBADF', EBADF, 'listen');
  fails(() => n.connect(CLOSED, bytes), 'EBADF', EBADF, 'connect');
  fails(() => n.setsockopt(CLOSED, 1, 1, bytes), 'EBADF', EBADF, 'setsockopt');
  fails(() => n.getsockopt(CLOSED, 1, 1, bytes), 'EBADF', EBADF, 'getsockopt');
  fails(() => n.getsockname(CLOSED, bytes), 'EBADF', EBADF, 'getsockname');
  fails(() => n.sendto(CLOSED, bytes), 'EBADF', EBADF, 'sendto');
  fails(() => n.recvfrom(CLOSED, bytes), 'EBADF', EBADF, 'recvfrom');
  fails(() => n.ioctl(CLOSED, 0x8910, bytes), 'EBADF', EBADF, 'ioctl');
  fails(() => n.pollOnce(CLOSED, 1, 0), 'EBADF', EBADF, 'poll');
  fails(() => n.pollOnce(-1, 1, 0), 'EBADF', EBADF, 'poll');
  fails(() => n.pollStart(CLOSED, 1, () => undefined), 'EBADF', EBADF, 'pollStart');
  fails(() => n.setns(CLOSED), 'EBADF', EBADF, 'setns');
});

test('failures of their own', () => {
  fails(() => n.open(join(folder, 'none'), 0), 'ENOENT', ENOENT, 'open');
  fails(() => n.socket(999, 1, 0), 'EAFNOSUPPORT', 97, 'socket');
  fails(() => n.ifNameToIndex('no-such-dev'), 'ENODEV', 19, 'if_nametoindex');
  const tcp = n.socket(2, 1, 0);
  const address = Uint8Array.of(2, 0, 0, 1, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0);
  fails(() => n.sendto(tcp, bytes), 'EPIPE', 32, 'sendto');
  fails(() => n.connect(tcp, address.subarray(0, 3)), 'EINVAL', EINVAL, 'connect');
  fails(() => n.recvfrom(tcp, bytes), 'ENOTCONN', 107, 'recvfrom');
  n.close(tcp);
  const file = n.open(join(folder, 'file'), 0o102, 0o600);
  fails(() => n.pollStart(file, 1, () => undefined), 'EPERM', 1, 'pollStart');
  fails(() => n.flock(file, 64), 'EINVAL', EINVAL, 'flock');
  const other = n.open(join(folder, 'file'), 0);
  n.flock(file, 2);
  fails(() => n.flock(other, 1 | 4), 'EAGAIN', 11, 'flock');
  for (const fd of [file, other]) n.close(fd);
  fails(() => n.close(file), 'EBADF', EBADF, 'close');
});

test('arguments of a wrong type, size or range', () => {
  // biome-ignore lint/suspicious/noExplicitAny: wrong types are the point
  const wrong = n as any;
  const before = fdCount();
  const inval = (call: () => unknown, syscall: string) => fails(call, 'EINVAL', EINVAL, syscall);
  inval(() => wrong.open(), 'open');
  inval(() => wrong.open(7, 0), 'open');
  inval(() => n.open('a\0b', 0), 'open');
  inval(() => n.open('x'.repeat(5000), 0), 'open');
  inval(() => n.open('/dev/null', 0.5), 'open');
  inval(() => wrong.close('1'), 'close');
  inval(() => n.close(Number.NaN), 'close');
  inval(() => n.close(2 ** 40), 'close');
  inval(() => wrong.socket(2, 1), 'socket');
  inval(() => n.socket(2, 1, 0, -2), 'socket');
  inval(() => wrong.bind(0, 'address'), 'bind');
  inval(() => wrong.sendto(0, new Uint16Array(4)), 'sendto');
  inval(() => wrong.sendto(0, new DataView(new ArrayBuffer(4))), 'sendto');
  inval(() => wrong.recvfrom(0, new ArrayBuffer(4)), 'recvfrom');
  inval(() => n.ioctl(0, 1, new Uint8Array(20000)), 'ioctl');
  inval(() => n.pollOnce(0, 1, -1), 'poll');
  inval(() => n.pollNow(new Uint8Array(7)), 'poll');
  inval(() => n.pollNow(new Uint8Array(257 * 8)), 'poll');
  inval(() => wrong.pollStart(0, 1), 'pollStart');
  inval(() => n.pollStart(0, 0, () => undefined), 'pollStart');
  inval(() => n.pollStart(0, 8, () => undefined), 'pollStart');
  inval(() => wrong.pollStop({}), 'pollStop');
  inval(() => wrong.pollStop(), 'pollStop');
  inval(() => n.ifNameToIndex('a-name-that-is-too-long'), 'if_nametoindex');
  inval(() => wrong.netnsCookie('own'), 'netnsCookie');
  assert.equal(fdCount(), before);
});

test('a namespace that is none: the call fails and nothing moves', needsRoot, () => {
  const before = fdCount();
  const cookie = n.netnsCookie();
  const nothing = n.open('/dev/null', 0);
  fails(() => n.socket(2, 2, 0, nothing), 'EINVAL', EINVAL, 'setns');
  fails(() => n.netnsCookie(CLOSED), 'EBADF', EBADF, 'setns');
  fails(() => n.ifNameToIndex('lo', nothing), 'EINVAL', EINVAL, 'setns');
  n.close(nothing);
  assert.equal(n.netnsCookie(), cookie);
  assert.equal(fdCount(), before);
});

test('a short buffer is never overrun', () => {
  const guarded = new Uint8Array(64).fill(0xee);
  const udp = n.socket(2, 2, 0);
  n.bind(udp, Uint8Array.of(2, 0, 0, 0, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0));
  assert.equal(n.getsockname(udp, guarded.subarray(0, 4)), 16);
  // SIOCGIFFLAGS answers a whole struct ifreq (40 bytes)
  const name = guarded.subarray(16, 20);
  name.set([0x6c, 0x6f, 0, 0]);
  n.ioctl(udp, 0x8913, name);
  assert.deepEqual([...guarded.subarray(4, 16)], Array(12).fill(0xee));
  assert.deepEqual([...guarded.subarray(20)], Array(44).fill(0xee));
  n.close(udp);
});

test('datagrams cross; a longer one is cut, and MSG_TRUNC is set', () => {
  const [a, b] = [n.socket(2, 2, 0), n.socket(2, 2, 0)];
  n.bind(b, Uint8Array.of(2, 0, 0, 0, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0));
  const address = new Uint8Array(16);
  n.getsockname(b, address);
  const into = new Uint8Array(4);
  assert.equal(n.recvfrom(b, into), -1);
  assert.equal(n.sendto(a, Uint8Array.of(1, 2, 3, 4, 5, 6), address), 6);
  assert.equal(n.pollOnce(b, 1, 5000), 1);
  const from = new Uint8Array(16);
  assert.equal(n.recvfrom(b, into, from, 0x20), 6);
  assert.deepEqual([...into], [1, 2, 3, 4]);
  assert.deepEqual([...from.subarray(4, 8)], [127, 0, 0, 1]);
  assert.equal(n.pollOnce(b, 1, 0), 0);
  // Two struct pollfd at an odd address: b can be written to, and CLOSED is no descriptor.
  const entries = new Uint8Array(17).subarray(1);
  const view = new DataView(entries.buffer, 1);
  for (const [at, fd] of [b, CLOSED].entries()) {
    view.setInt32(at * 8, fd, true);
    view.setInt16(at * 8 + 4, 1 | 4, true);
  }
  assert.equal(n.pollNow(entries), 2);
  assert.deepEqual([view.getInt16(6, true), view.getInt16(14, true)], [4, 0x20]);
  assert.equal(n.pollNow(new Uint8Array(0)), 0);
  n.close(a);
  n.close(b);
});
