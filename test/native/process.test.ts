// What the addon does about processes: programs started and reaped, timers, real-time signals, control messages; failures with their names.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { native } from '../../src/sys/addon.js';
import { Alarm } from '../../src/sys/alarm.js';
import { monotonicUs } from '../../src/sys/clock.js';
import { onRealTimeSignals } from '../../src/sys/processes/signals.js';
import { EBADF, ENOENT, fails, fdCount, needsRoot } from './support.js';

const n = native();
const folder = mkdtempSync(join(tmpdir(), 'weir-process-'));
after(() => rmSync(folder, { recursive: true }));
const words = (...all: readonly string[]): Uint8Array => new TextEncoder().encode(all.map((word) => `${word}\0`).join(''));

/** Runs a shell command to its end; returns what reap does. */
function run(command: string, uid = -1, gid = -1, groups?: readonly number[]): number {
  const list = groups === undefined ? undefined : new Uint8Array(Uint32Array.from(groups).buffer);
  const { pidfd } = n.spawn('/bin/sh', words('sh', '-c', command), words('PATH=/usr/bin:/bin', 'A=b c'), uid, gid, list);
  for (let status = n.reap(pidfd); ; status = n.reap(pidfd)) {
    if (status >= 0) {
      n.close(pidfd);
      return status;
    }
    n.pollOnce(pidfd, 1, 10_000);
  }
}

test('a program gets its arguments and its environment, and its end is reported', () => {
  const before = fdCount();
  const out = join(folder, 'out');
  assert.equal(run(`echo "$A" > ${out}; exit 7`), 7);
  assert.equal(readFileSync(out, 'utf8'), 'b c\n');
  assert.equal(run('kill -9 $$'), 256 + 9);
  fails(() => n.spawn(join(folder, 'none'), words('none'), words(), -1, -1), 'ENOENT', ENOENT, 'spawn');
  fails(() => n.spawn(folder, words('folder'), words(), -1, -1), 'EACCES', 13, 'spawn');
  fails(() => n.spawn('/bin/true', words(), words(), -1, -1), 'EINVAL', 22, 'spawn');
  fails(() => n.spawn('/bin/true', new TextEncoder().encode('no end'), words(), -1, -1), 'EINVAL', 22, 'spawn');
  fails(() => n.reap(1 << 20), 'EBADF', EBADF, 'waitid');
  fails(() => n.reap(-1), 'EBADF', EBADF, 'waitid');
  assert.equal(fdCount(), before);
});

test('a program runs as another user, with that group alone', needsRoot, () => {
  const out = join(folder, 'id');
  const nobody = n.lookUpUser('nobody');
  assert.ok(nobody !== undefined);
  assert.equal(run(`id -u > ${out}; exit 0`), 0);
  assert.equal(readFileSync(out, 'utf8'), '0\n');
  assert.equal(run(`[ "$(id -u) $(id -G)" = "${nobody.uid} ${nobody.gid}" ]`, nobody.uid, nobody.gid), 0);
  assert.equal(run(`[ "$(id -G)" = "${nobody.gid} 1 2" ]`, nobody.uid, nobody.gid, [nobody.gid, 2, 1]), 0);
  fails(() => n.spawn('/bin/true', words('true'), words(), 0, 0, new Uint8Array(3)), 'EINVAL', 22, 'spawn');
});

test('names that there are and names that there are not', () => {
  assert.deepEqual(n.lookUpUser('root'), { uid: 0, gid: 0 });
  assert.equal(n.lookUpGroup('root'), 0);
  assert.equal(n.lookUpUser('no-such-user'), undefined);
  assert.equal(n.lookUpGroup('no-such-group'), undefined);
  assert.equal(n.lookUpGroups('root', 0)[0], 0);
  assert.deepEqual(n.lookUpGroups('no-such-user', 77), [77]);
});

test('a FIFO with its mode', () => {
  const path = join(folder, 'fifo');
  n.mkfifo(path, 0o600);
  assert.ok(statSync(path).isFIFO());
  fails(() => n.mkfifo(path, 0o600), 'EEXIST', 17, 'mkfifo');
});

test('an alarm rings not before its moment, and the last moment set counts', async () => {
  const rung = await new Promise<readonly [number, number, number]>((done) => {
    const at = monotonicUs() + 2500;
    const alarm = new Alarm((late) => {
      const now = monotonicUs();
      alarm.close();
      done([at, now, late]);
    });
    alarm.set(monotonicUs() + 3_600_000_000);
    alarm.set(at);
  });
  assert.ok(rung[1] >= rung[0], String(rung));
  assert.ok(rung[2] >= 0 && rung[2] <= rung[1] - rung[0], String(rung));
});

test('a moment in the past rings immediately, none never', async () => {
  await new Promise<void>((done) => {
    const never = new Alarm(() => assert.fail('it rang'));
    never.set(monotonicUs() + 1000);
    never.set(undefined);
    const alarm = new Alarm(() => {
      alarm.close();
      never.close();
      done();
    });
    alarm.set(1);
  });
});

test('a timer call on something else', () => {
  const other = n.open('/dev/null', 0);
  fails(() => n.timerSet(other, 1), 'EINVAL', 22, 'timerfd_settime');
  fails(() => n.timerRead(other), 'EINVAL', 22, 'timerfd_gettime');
  n.close(other);
});

test('real-time signals come as their numbers, in order; ordinary ones are refused', async () => {
  const got: number[] = [];
  await new Promise<void>((done) => {
    const stop = onRealTimeSignals([36, 63], (signal) => {
      got.push(signal);
      if (got.length === 2) {
        stop();
        done();
      }
    });
    process.kill(process.pid, 36);
    process.kill(process.pid, 63);
  });
  assert.deepEqual(
    got.sort((a, b) => a - b),
    [36, 63],
  );
  fails(() => n.watchSignal(15), 'EINVAL', 22, 'watchSignal');
});

test('control messages have the hop limit of a datagram', () => {
  const [a, b] = [n.socket(2, 2, 0), n.socket(2, 2, 0)];
  const address = Uint8Array.of(2, 0, 0, 0, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0);
  const on = Uint8Array.of(1, 0, 0, 0);
  n.setsockopt(b, 0, 12, on); // IP_RECVTTL
  n.bind(b, address);
  n.getsockname(b, address);
  const control = new Uint8Array(64).fill(0xee);
  assert.equal(n.recvmsg(b, new Uint8Array(8), null, control), -1);
  // struct cmsghdr of IP_TTL 77 for the sender
  const ttl = Uint8Array.of(20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 77, 0, 0, 0, 0, 0, 0, 0);
  assert.equal(n.sendmsg(a, Uint8Array.of(1, 2, 3), address, ttl), 3);
  assert.equal(n.pollOnce(b, 1, 5000), 1);
  assert.equal(n.recvmsg(b, new Uint8Array(8), null, control), 3);
  assert.deepEqual([...control.subarray(0, 20)], [...ttl.subarray(0, 20)]);
  assert.deepEqual([...control.subarray(24)], Array(40).fill(0));
  fails(() => n.recvmsg(b, new Uint8Array(8), null, new Uint8Array(2000)), 'EINVAL', 22, 'recvmsg');
  const unix = n.socket(1, 2, 0);
  fails(() => n.recvmsg(unix, new Uint8Array(8), null, control), 'EOPNOTSUPP', 95, 'recvmsg');
  for (const fd of [a, b, unix]) n.close(fd);
});

test('releasing files unmaps what is not used; the program goes on', () => {
  const mapped = (): number => {
    const text = readFileSync('/proc/self/smaps_rollup', 'utf8');
    const [rss, anonymous] = ['Rss', 'Anonymous'].map((name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1]));
    return (rss ?? 0) - (anonymous ?? 0);
  };
  const before = mapped();
  n.releaseFiles();
  assert.ok(mapped() < before / 2, `${mapped()} kB of ${before} kB are left`);
  assert.equal(run('exit 3'), 3);
});
