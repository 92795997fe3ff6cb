// The daemon's frame, tried with parts that only write down what they are asked (stand-in.ts): processes, signals, pid files, ends.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { breadth, test } from '../support/breadth.js';
import { noNamespaces } from '../support/netns-bed.js';
import { ownPidFiles } from '../support/own-pid-files.js';
import { signalledPid } from '../support/pids.js';
import { RunningDaemon } from '../support/running-daemon.js';
import { fresh, place, running } from './stand-in-place.js';

test('it starts, logs what keepalived logs, and ends with nothing left', async () => {
  const daemon = await running();
  assert.equal(readFileSync(place.path('p.pid'), 'utf8'), `${daemon.pid}\n`);
  assert.equal(statSync(place.path('r.pid')).mode & 0o777, 0o644);
  assert.equal(readFileSync(`/proc/${place.childPid()}/comm`, 'utf8'), 'keepalived\n');
  for (const pid of [daemon.pid, place.childPid()]) {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replace(/\0+$/, '').split('\0');
    assert.deepEqual(words, ['keepalived', ...place.argv.slice(3), '-n', '-l', '-G']);
  }
  assert.equal(await daemon.stop(), 0);
  const expected = [
    /^Starting Keepalived v0/,
    /^Running on Linux \S+ #/,
    /^Command line: 'keepalived' '-f'/,
    /^Configuration file \S+\/conf$/,
    /^Starting VRRP child process, pid=\d+$/,
    /^Startup complete$/,
    /^Stopping$/,
    /^Stopped$/,
    /^Stopped Keepalived v0/,
  ];
  const logged = daemon.lines.filter((line) => !/^ +'/.test(line));
  assert.equal(logged.length, expected.length, logged.join('\n'));
  expected.forEach((pattern, index) => assert.match(logged[index] ?? '', pattern));
  assert.deepEqual(place.recorded, ['start 1', 'stop']);
  assert.ok(!existsSync(place.path('p.pid')) && !existsSync(place.path('r.pid')));
});

test('a second one with the same files does not start', async () => {
  await running();
  const second = place.start();
  assert.equal(await second.ended(), 0);
  assert.ok(second.lines.includes('daemon is already running'));
  assert.ok(second.lines.some((line) => /p\.pid is that of process \d+: one beside it needs pid files of its own/.test(line)));
  assert.deepEqual(place.recorded, ['start 1']);
});

breadth('a pid file that names a process of another kind does not keep it from starting', async () => {
  fresh();
  writeFileSync(place.path('p.pid'), `${process.ppid}\n`);
  const daemon = place.start();
  await daemon.logged(/^Startup complete$/);
  assert.ok(daemon.lines.includes(`Remove a zombie pid file ${place.path('p.pid')}`));
});

test('without its file it ends with 6, with one that cannot be read with 2', async () => {
  fresh();
  rmSync(place.path('conf'));
  const missing = place.start();
  assert.equal(await missing.ended(), 6);
  assert.ok(missing.lines.some((line) => line.startsWith('Config files missing')));
  place.configure({ broken: true });
  assert.equal(await place.start().ended(), 2);
});

test('in the background it stands before the command returns', () => {
  fresh();
  const { status, stderr } = spawnSync(place.argv[0] ?? '', [...place.argv.slice(1), '-G'], { encoding: 'utf8', timeout: 180_000 });
  assert.equal(status, 0, stderr);
  const pid = signalledPid(place.path('p.pid'));
  const [, , , , group, session] = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/\(.*\)/, 'x')
    .split(' ')
    .map(Number);
  assert.deepEqual([group, session], [pid, pid]);
  process.kill(pid, 'SIGTERM');
  const daemon = new RunningDaemon(['sh', '-c', `while kill -0 ${pid} 2>/dev/null; do sleep 0.02; done`]);
  return daemon.ended().then(() => assert.ok(!existsSync(place.path('p.pid'))));
});

test('a child that was killed is started again, immediately and then after a second', async () => {
  const daemon = await running();
  place.signalChild('SIGKILL');
  await daemon.until('a new child', () => place.recorded.length === 2);
  // The file may be read before the log is.
  await daemon.logged(/^pid \d+ exited due to signal 9 \(Killed\) - has rlimit_rttime been exceeded\?$/);
  await daemon.logged(/^VRRP child process\(\d+\) died: Respawning$/);
  await daemon.logged(/^Restart of VRRP process delayed 0 seconds to limit respawn rate$/);
  assert.deepEqual(place.recorded, ['start 1', 'start 1 again']);
  await daemon.until('its pid file', () => place.childPid() > 0 && existsSync(`/proc/${place.childPid()}`));
  place.signalChild('SIGKILL');
  await daemon.logged(/delayed 1 seconds/);
});

breadth('a child that a reload starts before its time is not started twice', async () => {
  const daemon = await running();
  const dies = async (delay: number): Promise<void> => {
    await daemon.until('its pid file', () => place.childPid() > 0 && existsSync(`/proc/${place.childPid()}`));
    const from = daemon.lines.length;
    place.signalChild('SIGKILL');
    await daemon.logged(new RegExp(`delayed ${delay} seconds`), from);
  };
  const starts = (count: number) => daemon.until('a new child', () => place.recorded.length === count);
  const again = (count: number): readonly string[] => Array.from({ length: count }, () => 'start 1 again');
  for (const [at, delay] of [0, 1, 2].entries()) {
    await dies(delay);
    await starts(2 + at);
  }
  // Long enough that the reload is over before.
  await dies(4);
  daemon.signal('SIGHUP');
  await daemon.logged(/^Reload complete$/);
  // Each pause is twice the one before: one that was started by the wrong timer would have another.
  for (const [at, delay] of [0, 1, 2, 4].entries()) {
    await dies(delay);
    await starts(6 + at);
  }
  assert.deepEqual(place.recorded, ['start 1', ...again(3), 'start 1', ...again(4)]);
  assert.equal(await daemon.stop(), 0);
});

breadth('a child that hangs is killed and started again', async () => {
  const daemon = fresh().start([], 300);
  await daemon.logged(/^Startup complete$/);
  place.signalChild('SIGWINCH');
  await daemon.logged(/^vrrp process\(\d+\) hangs: it was silent for \d+ seconds - killing it$/);
  await daemon.until('a new child', () => place.recorded.length >= 2);
});

breadth('with -R a child that dies takes the daemon along', async () => {
  const daemon = await running({}, '-R');
  place.signalChild('SIGKILL');
  assert.equal(await daemon.ended(), 0);
  assert.ok(daemon.lines.some((line) => /^VRRP child process\(\d+\) died: Exiting$/.test(line)));
});

test('a child whose supervisor was killed stops by itself', async () => {
  const daemon = await running();
  daemon.signal('SIGKILL');
  await daemon.until('the stop', () => place.recorded.includes('stop'));
});

test('signals reach the parts', async () => {
  const daemon = await running();
  for (const signal of ['SIGUSR1', 'SIGUSR2', 63, 36] as const) {
    const count = place.recorded.length;
    daemon.signal(signal);
    await daemon.until(`signal ${signal}`, () => place.recorded.length > count);
  }
  for (const signal of ['SIGQUIT', 'SIGALRM', 'SIGPIPE'] as const) daemon.signal(signal);
  daemon.signal('SIGINT');
  assert.equal(await daemon.ended(), 0);
  assert.deepEqual(place.recorded, ['start 1', 'dump data', 'dump stats', 'dump clear', 'dump json', 'stop']);
});

breadth('the parent dump replaces a link instead of following it, for root alone', async () => {
  fresh();
  const target = place.path('target');
  writeFileSync(target, 'untouched');
  symlinkSync(target, place.path('keepalived_parent.data'));
  const daemon = place.start();
  await daemon.logged(/^Startup complete$/);
  daemon.signal('SIGUSR1');
  await daemon.until('the dump', () => lstatSync(place.path('keepalived_parent.data')).isFile());
  const dump = lstatSync(place.path('keepalived_parent.data'));
  assert.equal(dump.mode & 0o777, 0o600);
  assert.equal(readFileSync(target, 'utf8'), 'untouched');
});

breadth('start-up and shutdown scripts are waited for, but never for ever', async () => {
  const script = (text: string, timeoutUs: number) => ({ script: { argv: ['/bin/sh', '-c', text], text }, timeoutUs });
  const daemon = await running({
    global: { startupScript: script('exit 1', 5_000_000), shutdownScript: script('trap "" TERM; sleep 60', 200_000) },
  });
  await daemon.stop();
  const logged = daemon.lines.filter((line) => /(?:startup|shutdown) script /.test(line));
  assert.deepEqual(logged, [
    'Running startup script /bin/sh',
    'startup script script failed, status 1',
    'Running shutdown script /bin/sh',
    'shutdown script timed out',
  ]);
});

breadth('messages of a child that are not understood change nothing', async () => {
  const daemon = await running();
  place.signalChild('SIGURG');
  place.configure({ instances: 2 });
  daemon.signal('SIGHUP');
  await daemon.logged(/^Reload complete$/);
  assert.equal(await daemon.stop(), 0);
  assert.deepEqual(place.recorded, ['start 1', 'reload 2', 'stop']);
});

breadth('a child that does not end in time is forced to', async () => {
  const daemon = await running({ root: { childWaitUs: 200_000 } });
  place.signalChild('SIGSTOP');
  assert.equal(await daemon.stop(), 0);
  assert.ok(daemon.lines.includes('vrrp process failed to die - forcing termination'));
});

breadth('on a full disk it runs without pid files, and logs that', { skip: noNamespaces() }, async () => {
  fresh();
  const small = place.path('small');
  mkdirSync(small);
  const fill = `mount -t tmpfs -o size=4k none ${small} && echo full > ${small}/fill && exec "$@"`;
  const argv = ['unshare', '-m', 'sh', '-c', fill, 'sh', ...place.argv, '-n', '-G', ...ownPidFiles(small)];
  const daemon = new RunningDaemon(argv, { TMPDIR: place.folder });
  place.daemons.push(daemon);
  // Without -l the log is elsewhere: who started it sees the message all the same.
  await daemon.logged(/^keepalived: cannot write \S+\/p\.pid: ENOSPC.*: going on without it, trying again$/);
  await daemon.until('the start', () => place.recorded.length > 0);
  assert.equal(await daemon.stop(), 0);
  assert.deepEqual(place.recorded, ['start 1', 'stop']);
});
