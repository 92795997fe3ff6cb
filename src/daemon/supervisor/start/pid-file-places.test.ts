import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, lstatSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { native } from '../../../sys/addon.js';
import { writeDump } from '../../dump-files/write-dump.js';
import { removePidFile, writePidFile } from '../../process/pid-file.js';
import { pidFilesFor, removeOwnFolders, runningFrom } from './pid-file-places.js';

const none = { pidFiles: {} };

test('keepalived’s names and places', () => {
  assert.deepEqual(pidFilesFor(none, { usePidDirectory: false }), {
    parent: '/run/keepalived.pid',
    vrrp: '/run/vrrp.pid',
    checker: '/run/checkers.pid',
    bfd: '/run/bfd.pid',
    folder: '/run',
    ownFolders: [],
  });
  assert.equal(pidFilesFor(none, { usePidDirectory: true }).vrrp, '/run/keepalived/vrrp.pid');
  assert.equal(pidFilesFor(none, { usePidDirectory: false, instanceName: 'x' }).parent, '/run/keepalived/keepalived_x.pid');
  assert.equal(pidFilesFor(none, { usePidDirectory: false, netNamespace: 'n' }).parent, '/run/keepalived/n/keepalived.pid');
  assert.equal(pidFilesFor({ pidFiles: { parent: '/p' } }, { usePidDirectory: true }).parent, '/p');
});

test('a file is written in the place of a link, and removed only by its own process', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-pid-'));
  try {
    const [path, target] = [join(folder, 'p.pid'), join(folder, 'target')];
    writeFileSync(target, 'kept');
    symlinkSync(target, path);
    writePidFile(path);
    assert.equal(readFileSync(path, 'utf8'), `${process.pid}\n`);
    assert.equal(readFileSync(target, 'utf8'), 'kept');
    removePidFile(path, process.pid + 1);
    assert.equal(runningFrom(path), undefined, 'this process itself is not another one');
    removePidFile(path);
    assert.throws(() => readFileSync(path));
    for (const text of ['1\n', '0', 'x', '', '999999999']) {
      writeFileSync(path, text);
      assert.equal(runningFrom(path), undefined, text);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a keepalived that lives counts, its zombie does not', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-pid-'));
  const [path, program] = [join(folder, 'p.pid'), join(folder, 'keepalived')];
  symlinkSync('/bin/sleep', program);
  // What the shell becomes reaps no child.
  const parent = spawn('sh', ['-c', '"$0" 60 & echo $!; exec sleep 60', program], { stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    const pid = Number(String((await once(parent.stdout, 'data'))[0]));
    writeFileSync(path, `${pid}\n`);
    while (readFileSync(`/proc/${pid}/comm`, 'utf8') !== 'keepalived\n') await sleep(5);
    assert.equal(runningFrom(path), pid);
    process.kill(pid, 'SIGKILL');
    while (!/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))) await sleep(5);
    assert.equal(readFileSync(`/proc/${pid}/comm`, 'utf8'), 'keepalived\n');
    assert.equal(runningFrom(path), undefined);
  } finally {
    parent.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  }
});

test('nothing but a file or a link is replaced', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-pid-'));
  try {
    const path = join(folder, 'fifo');
    native().mkfifo(path, 0o600);
    writePidFile(path);
    const logged: string[] = [];
    writeDump(path, 'text', (_, text) => void logged.push(text));
    assert.ok(lstatSync(path).isFIFO());
    assert.equal(logged.length, 1);
    assert.equal(runningFrom(path), undefined);
    removePidFile(path);
    assert.equal(runningFrom('/dev/zero'), undefined);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the daemon’s own folders go with the last file, a default place’s alone', () => {
  const run = mkdtempSync(join(tmpdir(), 'weir-run-'));
  try {
    const files = pidFilesFor({ pidFiles: {} }, { usePidDirectory: false, netNamespace: 'blue' }, run);
    const { vrrp = '' } = files;
    writePidFile(files.parent);
    writePidFile(vrrp);
    removePidFile(files.parent);
    removeOwnFolders(files);
    assert.ok(existsSync(vrrp));
    removePidFile(vrrp);
    removeOwnFolders(files);
    assert.ok(!existsSync(join(run, 'keepalived')));
    assert.deepEqual(pidFilesFor({ pidFiles: {} }, { usePidDirectory: false }, run).ownFolders, []);
  } finally {
    rmSync(run, { recursive: true });
  }
});
