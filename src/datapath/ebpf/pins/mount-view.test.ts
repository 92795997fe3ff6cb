import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { noRoot } from '../../../../test/support/probes.js';
import { mountView } from './mount-view.js';

const root = { skip: noRoot() };

/** What a child sees; `before` runs in its shell first, in a mount namespace of its own. */
function seen(before: string, command = 'node'): string {
  const script = `import(${JSON.stringify(new URL('./mount-view.js', import.meta.url).href)}).then(
    ({ mountView }) => console.log(mountView().root), (error) => console.log(error.message)).catch((error) => console.log(error.message))`;
  return execFileSync('unshare', ['--mount', 'sh', '-ec', `${before}\nexec ${command} -e "$0"`, script], { encoding: 'utf8' }).trim();
}

test('what is made under the root is there for the machine, and paths are as they are where ours are its own', root, (t) => {
  const view = mountView();
  const name = `/run/weir-view-${process.pid}`;
  writeFileSync(view.root + name, '');
  try {
    assert.equal(existsSync(`/proc/${view.anchor}/root${name}`), true);
    if (!existsSync(name)) return t.skip('probe chroot: runs in a chroot or a mount namespace of its own');
    assert.equal(view.root, '');
  } finally {
    rmSync(view.root + name);
  }
});

test('a private mount namespace reaches them through /proc', root, () => {
  const { anchor } = mountView();
  assert.equal(seen(''), `/proc/${anchor}/root`);
});

test('so does a chroot in the same mount namespace', root, () => {
  const { anchor } = mountView();
  const folder = mkdtempSync(join(tmpdir(), 'weir-chroot-'));
  try {
    const code = `try {
      const { mountView } = await import(${JSON.stringify(new URL('./mount-view.js', import.meta.url).href)});
      console.log(mountView().root);
    } catch (error) { console.log(error.message); }`;
    execFileSync('mount', ['--rbind', '/', folder]);
    // Else unmounting the copy of a shared mount unmounts the original, too: all of /run/netns.
    execFileSync('mount', ['--make-rprivate', folder]);
    const run = () => execFileSync('chroot', [folder, process.execPath, '--input-type=module', '-e', code], { encoding: 'utf8' }).trim();
    assert.equal(run(), `/proc/${anchor}/root`);
  } finally {
    execFileSync('umount', ['--recursive', '--lazy', folder]);
    rmdirSync(folder);
  }
});

test('without /proc it is unknown', root, () => {
  assert.equal(seen('umount --lazy /proc'), '/proc is not mounted — fix: mount -t proc proc /proc');
});
