// Reloads of the daemon's frame, tried with parts that only write down what they are asked (stand-in.ts).

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { reloadStatePath } from '../../src/daemon/supervisor/reload/reload-answers.js';
import { reloadTimeText } from '../../src/daemon/supervisor/reload/reload-time.js';
import { breadth, test } from '../support/breadth.js';
import { ENTRY } from '../support/netns-bed.js';
import { RunningDaemon } from '../support/running-daemon.js';
import { fresh, place, running } from './stand-in-place.js';

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
  assert.deepEqual(refused, {
    status: 1,
    stdout: '',
    stderr: `weir reload: ${why} — fix: the daemon's log has every error with its place\n`,
  });
  // The next one is not answered by the last one's result.
  place.configure({ instances: 3 });
  assert.equal(weirReload(pid).status, 0);
  assert.deepEqual(place.recorded, ['start 1', 'reload 2', 'reload 3']);
  assert.equal(await daemon.stop(), 0);
  assert.ok(!existsSync(reloadStatePath(Number(pid))));
  assert.match(weirReload('--pid-file', place.path('p.pid')).stderr, /^weir reload: no keepalived runs: \S+ names none — fix: /);
  // A process of another kind gets no signal.
  assert.match(weirReload(String(process.pid)).stderr, /^weir reload: no keepalived runs: process \d+ is none/);
});

test('weir reload leaves a daemon of another network namespace alone, whose pid file has the default place', async () => {
  const daemon = await running();
  place.configure({ instances: 2 });
  const inside = 'mount -t tmpfs none /run && echo "$1" > /run/keepalived.pid && exec "$2" "$3" weir reload';
  const words = ['-nm', 'sh', '-c', inside, 'sh', String(daemon.pid), process.execPath, ENTRY];
  const { status, stderr } = spawnSync('unshare', words, { encoding: 'utf8' });
  assert.equal(status, 1);
  assert.match(stderr, /^weir reload: no keepalived runs: process \d+ of \/run\/keepalived\.pid is of another network namespace — fix: /);
  assert.deepEqual(place.recorded, ['start 1']);
});

breadth('weir reload does not wait for a daemon that ends instead', async () => {
  const daemon = await running();
  daemon.signal('SIGSTOP');
  const reload = new RunningDaemon([process.execPath, ENTRY, 'weir', 'reload', String(daemon.pid)]);
  await daemon.until('the signal', () => /^(Shd|Sig)Pnd:\t[\da-f]*[13579bdf]$/m.test(readFileSync(`/proc/${daemon.pid}/status`, 'utf8')));
  daemon.signal('SIGKILL');
  assert.equal(await reload.ended(), 1);
  assert.match(reload.lines.join(), /ended before it answered/);
});

breadth('a HUP while the daemon starts is not lost', async () => {
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

breadth('reload_check_config refuses what has any error and logs where to read it', async () => {
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

breadth('reload_time_file: its time comes, the file goes, the configuration is read', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-when-'));
  try {
    const path = join(folder, 'when');
    const daemon = await running({ global: { reloadTime: { path, repeat: false } } });
    writeFileSync(path, reloadTimeText(Date.now() + 10_000));
    await daemon.logged(/^Scheduling reload for /);
    await daemon.logged(/^Reload complete$/);
    assert.ok(!existsSync(path));
    assert.deepEqual(place.recorded, ['start 1', 'reload 1']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
