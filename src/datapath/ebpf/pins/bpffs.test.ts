import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { noRoot, notFirstNamespaces } from '../../../../test/support/probes.js';
import { native } from '../../../sys/addon.js';
import { hasCode } from '../../../sys/errno.js';
import { openFds, using } from '../../../sys/fd.js';
import { Netns } from '../../../sys/namespaces/netns.js';
import { removeNetns } from '../../../sys/namespaces/remove-netns.js';
import { Bpffs } from './bpffs.js';
import { mountView } from './mount-view.js';

const isRoot = process.getuid?.() === 0;
const root = { skip: noRoot() };
const seeing = { skip: noRoot() || notFirstNamespaces() };
const place = `/run/weir-test-${process.pid}/bpf`;

after(async () => {
  if (!isRoot || !existsSync(`${mountView().root}${dirname(place)}`)) return;
  const { root, anchor } = mountView();
  while (mountsOfPlace() > 0) execFileSync('nsenter', ['--target', String(anchor), '--mount', 'umount', place]);
  await removed(`${root}${dirname(place)}`);
});

/** The kernel may call a folder busy for a moment after what was mounted there is gone. */
async function removed(folder: string): Promise<void> {
  for (let left = 200; ; left--) {
    try {
      return rmSync(folder, { recursive: true });
    } catch (error) {
      if (left === 0 || !hasCode(error, 'EBUSY')) throw error;
      await setTimeout(50);
    }
  }
}

/** How many file systems are mounted there, one over the other. */
function mountsOfPlace(): number {
  const table = readFileSync(`/proc/${mountView().anchor}/mountinfo`, 'utf8');
  return table.split('\n').filter((line) => line.includes(` ${place} `)).length;
}

/** Runs a line of JavaScript (with Bpffs and place) under a command, in a process of its own. */
function elsewhere(command: readonly string[], line: string): string {
  const code = `const { Bpffs } = await import(${JSON.stringify(new URL('./bpffs.js', import.meta.url).href)});
    const place = ${JSON.stringify(place)}; ${line}`;
  const [program = '', ...rest] = [...command, process.execPath, '--input-type=module', '-e', code];
  return execFileSync(program, rest, { encoding: 'utf8' }).trim();
}

/** A pinned map that this process no longer holds. */
function pin(path: string): void {
  const fd = native().bpfMapCreate(2, 'pinned', 4, 8, 1);
  native().bpfObjPin(fd, path);
  native().close(fd);
}

test('what a command in a private mount namespace mounts outlives it', root, () => {
  assert.equal(Bpffs.find(place), undefined);
  const folder = elsewhere(['unshare', '--mount', '--propagation', 'private'], 'console.log(Bpffs.ensure(place).folder(7n))');
  assert.match(folder, /\/bpf\/7$/);
  const bpffs = Bpffs.find(place);
  assert.ok(bpffs !== undefined);
  assert.deepEqual(bpffs.cookies(), [7n]);
  assert.equal(bpffs.base, `${mountView().root}${place}`);
  assert.equal(statSync(bpffs.base).mode & 0o777, 0o700);
  assert.equal(statSync(bpffs.path(7n)).mode & 0o777, 0o700);
});

test('a second mount never hides the first', root, () => {
  for (const command of [[], ['unshare', '--mount', '--propagation', 'private']]) {
    assert.equal(elsewhere(command, 'console.log(Bpffs.ensure(place).cookies().join())'), '7');
  }
  assert.equal(mountsOfPlace(), 1);
});

test('pins of dead namespaces go, those of living ones stay', seeing, () => {
  const before = openFds();
  const bpffs = Bpffs.ensure(place);
  const name = `sys-bpffs-${process.pid}`;
  pin(`${bpffs.folder()}/kept`);
  execFileSync('ip', ['netns', 'add', name]);
  const cookie = using(Netns.byName(name), (netns) => netns.cookie);
  try {
    pin(`${bpffs.folder(cookie)}/theirs`);
    execFileSync('touch', [bpffs.lockPath(cookie)]);
    const published = ['checks', 'running'].map((kind) => `${bpffs.above}/${kind}`);
    execFileSync('mkdir', ['-p', ...published]);
    const documents = (of: bigint): readonly string[] => published.map((folder) => `${folder}/${of}.4711.json`);
    execFileSync('touch', [...documents(7n), ...documents(cookie)]);
    assert.deepEqual(bpffs.sweep(), [7n]);
    assert.deepEqual([...documents(7n), ...documents(cookie)].map(existsSync), [false, false, true, true]);
    native().close(native().bpfObjGet(`${bpffs.path(cookie)}/theirs`));
  } finally {
    assert.equal(removeNetns(name), undefined);
  }
  assert.deepEqual(bpffs.sweep(), [cookie]);
  assert.deepEqual(bpffs.cookies(), [native().netnsCookie()]);
  assert.equal(existsSync(`${bpffs.above}/lock/${cookie}`), false);
  // a lock file outlives its folder when the datapath is unloaded: it goes as well
  const files = [bpffs.lockPath(7n), bpffs.lockPath()];
  assert.deepEqual(files.map(existsSync), [true, true]);
  assert.deepEqual(bpffs.sweep(), []);
  assert.deepEqual(files.map(existsSync), [false, true]);
  native().close(native().bpfObjGet(`${bpffs.path()}/kept`));
  assert.deepEqual(openFds(), before);
});

test('a place that cannot be is refused in one line', root, () => {
  assert.throws(() => Bpffs.ensure('/proc/nowhere/bpf'), /^WeirError: cannot make \/proc\/nowhere for the pinned tables: [^\n]+$/);
});
