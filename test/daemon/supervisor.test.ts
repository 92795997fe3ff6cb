// The daemon's frame, tried with parts that only write down what they are asked (stand-in.ts): processes, signals, pid files, reloads, ends.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { reloadTimeText } from '../../src/daemon/supervisor/reload-time.js';
import { ENTRY, noNamespaces } from '../support/netns-bed.js';
import { RunningDaemon } from '../support/running-daemon.js';

const STAND_IN = fileURLToPath(new URL('stand-in.js', import.meta.url));

/** One daemon's folder: its configuration, pid files, dumps and what its part wrote down. */
class Place {
  readonly folder = mkdtempSync(join(tmpdir(), 'weir-daemon-'));
  readonly record = this.path('record');
  readonly daemons: RunningDaemon[] = [];

  path(name: string): string {
    return join(this.folder, name);
  }

  configure(wanted: object = {}): void {
    writeFileSync(this.path('conf'), JSON.stringify({ record: this.record, ...wanted }));
  }

  get argv(): readonly string[] {
    const files = ['-p', this.path('p.pid'), '-r', this.path('r.pid'), '-c', this.path('c.pid')];
    return [process.execPath, STAND_IN, 'keepalived', '-f', this.path('conf'), ...files];
  }

  /** `beatMs`: how often its processes make sure of each other; short ones take a busy machine's pauses for hanging. */
  start(options: readonly string[] = [], beatMs = 1000): RunningDaemon {
    const environment = { TMPDIR: this.folder, STAND_IN_BEAT_MS: String(beatMs) };
    const daemon = new RunningDaemon([...this.argv, '-n', '-l', '-G', ...options], environment);
    this.daemons.push(daemon);
    return daemon;
  }

  /** What the parts wrote, without their process numbers. */
  get recorded(): readonly string[] {
    if (!existsSync(this.record)) return [];
    return readFileSync(this.record, 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.replace(/^\d+ /, ''));
  }

  childPid(): number {
    return Number(readFileSync(this.path('r.pid'), 'utf8'));
  }

  async clear(): Promise<void> {
    for (const daemon of this.daemons) await daemon.stop();
    rmSync(this.folder, { recursive: true });
  }
}

let place: Place;
const fresh = (wanted: object = {}): Place => {
  place = new Place();
  place.configure(wanted);
  return place;
};
afterEach(() => place.clear());

async function running(wanted: object = {}, ...options: readonly string[]): Promise<RunningDaemon> {
  const daemon = fresh(wanted).start(options);
  await daemon.logged(/^Startup complete$/);
  return daemon;
}

test('it starts, logs what keepalived logs, and ends with nothing left', async () => {
  const daemon = await running();
  assert.equal(readFileSync(place.path('p.pid'), 'utf8'), `${daemon.pid}\n`);
  assert.equal(statSync(place.path('r.pid')).mode & 0o777, 0o644);
  assert.equal(readFileSync(`/proc/${place.childPid()}/comm`, 'utf8'), 'keepalived\n');
  assert.match(readFileSync(`/proc/${place.childPid()}/cmdline`, 'utf8'), /^keepalived -f /);
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
  assert.deepEqual(place.recorded, ['start 1']);
});

test('a pid file that names a process of another kind does not keep it from starting', async () => {
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
  const pid = Number(readFileSync(place.path('p.pid'), 'utf8'));
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
  process.kill(place.childPid(), 'SIGKILL');
  await daemon.until('a new child', () => place.recorded.length === 2);
  assert.ok(daemon.lines.some((line) => /^pid \d+ exited due to signal 9 \(Killed\) - has rlimit_rttime been exceeded\?$/.test(line)));
  assert.ok(daemon.lines.some((line) => /^VRRP child process\(\d+\) died: Respawning$/.test(line)));
  assert.ok(daemon.lines.includes('Restart of VRRP process delayed 0 seconds to limit respawn rate'));
  assert.deepEqual(place.recorded, ['start 1', 'start 1 again']);
  await daemon.until('its pid file', () => place.childPid() > 0 && existsSync(`/proc/${place.childPid()}`));
  process.kill(place.childPid(), 'SIGKILL');
  await daemon.logged(/delayed 1 seconds/);
});

test('a child that a reload starts before its time is not started twice', async () => {
  const daemon = await running();
  const dies = async (delay: number): Promise<void> => {
    await daemon.until('its pid file', () => place.childPid() > 0 && existsSync(`/proc/${place.childPid()}`));
    const from = daemon.lines.length;
    process.kill(place.childPid(), 'SIGKILL');
    await daemon.logged(new RegExp(`delayed ${delay} seconds`), from);
  };
  const starts = (count: number) => daemon.until('a new child', () => place.recorded.length === count);
  await dies(0);
  await starts(2);
  await dies(1);
  daemon.signal('SIGHUP');
  await daemon.logged(/^Reload complete$/);
  // Each pause is twice the one before: one that was started by the wrong timer would have another.
  for (const [at, delay] of [0, 1, 2, 4].entries()) {
    await dies(delay);
    if (delay < 4) await starts(4 + at);
  }
  assert.deepEqual(place.recorded, ['start 1', 'start 1 again', 'start 1', ...Array.from({ length: 3 }, () => 'start 1 again')]);
  assert.equal(await daemon.stop(), 0);
});

test('a child that hangs is killed and started again', async () => {
  const daemon = fresh().start([], 100);
  await daemon.logged(/^Startup complete$/);
  process.kill(place.childPid(), 'SIGWINCH');
  await daemon.logged(/^vrrp process\(\d+\) hangs: it was silent for \d+ seconds - killing it$/);
  await daemon.until('a new child', () => place.recorded.length >= 2);
});

test('with -R a child that dies takes the daemon along', async () => {
  const daemon = await running({}, '-R');
  process.kill(place.childPid(), 'SIGKILL');
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

test('the parent dump replaces a link instead of following it, for root alone', async () => {
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

test('a reload reaches the parts; a bad file, a missing one and no change leave all as it was', async () => {
  const daemon = await running();
  place.configure({ instances: 2 });
  daemon.signal('SIGHUP');
  await daemon.logged(/^Reload complete$/);
  place.configure({ broken: true });
  let from = daemon.lines.length;
  daemon.signal('SIGHUP');
  await daemon.logged(/^Reload refused: the new configuration cannot be used; the configuration of before stays in effect$/, from);
  rmSync(place.path('conf'));
  from = daemon.lines.length;
  daemon.signal('SIGHUP');
  await daemon.logged(/^Reload refused: there is no configuration file/, from);
  assert.deepEqual(place.recorded, ['start 1', 'reload 2']);
});

const weirReload = (...args: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [ENTRY, 'weir', 'reload', ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
};

test('weir reload ends when the configuration is in effect, and fails with the reason where it is refused', async () => {
  const daemon = await running();
  const pid = String(daemon.pid);
  place.configure({ instances: 2 });
  assert.deepEqual(weirReload(pid), { status: 0, stdout: 'Reload complete\n', stderr: '' });
  assert.deepEqual(place.recorded, ['start 1', 'reload 2']);
  place.configure({ broken: true });
  const refused = weirReload('--pid-file', place.path('p.pid'));
  const why = 'Reload refused: the new configuration cannot be used; the configuration of before stays in effect';
  assert.deepEqual(refused, { status: 1, stdout: '', stderr: `weir reload: ${why}\n` });
  // The next one is not answered by the last one's result.
  place.configure({ instances: 3 });
  assert.equal(weirReload(pid).status, 0);
  assert.deepEqual(place.recorded, ['start 1', 'reload 2', 'reload 3']);
  assert.equal(await daemon.stop(), 0);
  assert.ok(!existsSync(`/run/weir/reload/${pid}.json`));
  assert.match(weirReload('--pid-file', place.path('p.pid')).stderr, /^weir reload: no keepalived runs: \S+ names none — fix: /);
  // A process of another kind gets no signal.
  assert.match(weirReload(String(process.pid)).stderr, /^weir reload: no keepalived runs: process \d+ is none/);
});

test('weir reload does not wait for a daemon that ends instead', async () => {
  const daemon = await running();
  daemon.signal('SIGSTOP');
  const reload = new RunningDaemon([process.execPath, ENTRY, 'weir', 'reload', String(daemon.pid)]);
  await daemon.until('the signal', () => /^(Shd|Sig)Pnd:\t[\da-f]*[13579bdf]$/m.test(readFileSync(`/proc/${daemon.pid}/status`, 'utf8')));
  daemon.signal('SIGKILL');
  assert.equal(await reload.ended(), 1);
  assert.match(reload.lines.join(), /ended before it answered/);
});

test('a HUP while the daemon starts is not lost', async () => {
  const go = fresh().path('go');
  const script = { script: { argv: ['/bin/sh', '-c', `until test -e ${go}; do sleep 0.02; done`], text: 'x' }, timeoutUs: 60_000_000 };
  place.configure({ global: { startupScript: script } });
  const daemon = place.start();
  await daemon.logged(/^Running startup script/);
  place.configure({ instances: 2, global: { startupScript: script } });
  daemon.signal('SIGHUP');
  writeFileSync(go, '');
  await daemon.logged(/^Reload complete$/);
  assert.deepEqual(place.recorded, ['start 1', 'reload 2']);
});

test('reload_check_config refuses what has any error and logs where to read it', async () => {
  const log = join(tmpdir(), `weir-check-${process.pid}.log`);
  try {
    const daemon = await running({ global: { reloadCheckConfig: { logFile: log } } });
    place.configure({ warning: 'Unknown keyword', instances: 2 });
    daemon.signal('SIGHUP');
    await daemon.logged(/^New config failed validation, see \S+ for details$/);
    assert.equal(readFileSync(log, 'utf8'), 'Unknown keyword\n');
    assert.equal(statSync(log).mode & 0o777, 0o600);
    place.configure({ instances: 2 });
    daemon.signal('SIGHUP');
    await daemon.logged(/^Reload complete$/);
    assert.equal(readFileSync(log, 'utf8'), '');
    assert.deepEqual(place.recorded, ['start 1', 'reload 2']);
  } finally {
    rmSync(log, { force: true });
  }
});

test('start-up and shutdown scripts are waited for, but never for ever', async () => {
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

test('messages of a child that are not understood change nothing', async () => {
  const daemon = await running();
  process.kill(place.childPid(), 'SIGURG');
  place.configure({ instances: 2 });
  daemon.signal('SIGHUP');
  await daemon.logged(/^Reload complete$/);
  assert.equal(await daemon.stop(), 0);
  assert.deepEqual(place.recorded, ['start 1', 'reload 2', 'stop']);
});

test('a child that does not end in time is forced to', async () => {
  const daemon = await running({ root: { childWaitUs: 200_000 } });
  process.kill(place.childPid(), 'SIGSTOP');
  assert.equal(await daemon.stop(), 0);
  assert.ok(daemon.lines.includes('vrrp process failed to die - forcing termination'));
});

test('reload_file goes when the files are read, config_save_dir keeps them, dumps are named by the instance', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-saved-'));
  try {
    const [reloadFile, saveDirectory] = [join(folder, 'reload'), join(folder, 'saved')];
    const wanted = {
      global: { reloadFile: { path: reloadFile }, saveDirectory, dumpsPerInstance: true, umask: 0o127 },
      root: { instanceName: 'blue' },
      files: [{ path: 'conf', text: 'as it was read' }],
    };
    writeFileSync(reloadFile, 'of before the start');
    const daemon = await running(wanted);
    assert.ok(!existsSync(reloadFile));
    assert.equal(statSync(saveDirectory).mode & 0o777, 0o700);
    for (const pid of [daemon.pid, place.childPid()]) assert.match(readFileSync(`/proc/${pid}/status`, 'utf8'), /^Umask:\t0127$/m);
    writeFileSync(reloadFile, 'wait');
    daemon.signal('SIGHUP');
    await daemon.until('the file to go', () => !existsSync(reloadFile));
    await daemon.logged(/^Reload complete$/);
    for (const count of [0, 1]) {
      assert.equal(readFileSync(join(saveDirectory, `keepalived.conf.${daemon.pid}.${count}`), 'utf8'), '# conf\nas it was read\n');
    }
    daemon.signal('SIGUSR1');
    await daemon.until('the dump', () => existsSync(place.path('keepalived_parent.blue.data')));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('reload_time_file: its time comes, the file goes, the configuration is read', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-when-'));
  try {
    const path = join(folder, 'when');
    const daemon = await running({ global: { reloadTime: { path, repeat: false } } });
    writeFileSync(path, reloadTimeText(Date.now() + 5000));
    await daemon.logged(/^Scheduling reload for /);
    await daemon.logged(/^Reload complete$/);
    assert.ok(!existsSync(path));
    assert.deepEqual(place.recorded, ['start 1', 'reload 1']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('on a full disk it runs without pid files, and logs that', { skip: noNamespaces() }, async () => {
  fresh();
  const small = place.path('small');
  mkdirSync(small);
  const files = ['-p', join(small, 'p.pid'), '-r', join(small, 'r.pid')];
  const fill = `mount -t tmpfs -o size=4k none ${small} && echo full > ${small}/fill && exec "$@"`;
  const argv = ['unshare', '-m', 'sh', '-c', fill, 'sh', ...place.argv, '-n', '-G', ...files];
  const daemon = new RunningDaemon(argv, { TMPDIR: place.folder });
  place.daemons.push(daemon);
  // Without -l the log is elsewhere: who started it sees the message all the same.
  await daemon.logged(/^keepalived: cannot write \S+\/p\.pid: ENOSPC.*: going on without it, trying again$/);
  await daemon.until('the start', () => place.recorded.length > 0);
  assert.equal(await daemon.stop(), 0);
  assert.deepEqual(place.recorded, ['start 1', 'stop']);
});
