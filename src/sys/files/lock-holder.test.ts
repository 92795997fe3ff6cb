import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Lock } from './lock.js';
import { exclusiveHolder, flockHolders } from './lock-holder.js';

const folder = mkdtempSync(join(tmpdir(), 'weir-holder-'));
after(() => rmSync(folder, { recursive: true }));

test('who holds a lock is found while it is held, and without asking for it', () => {
  const path = join(folder, 'lock');
  assert.equal(exclusiveHolder(path), undefined, 'no such file');
  const lock = Lock.take(path);
  assert.equal(exclusiveHolder(path), process.pid);
  lock.release();
  assert.equal(exclusiveHolder(path), undefined);
});

test('the text of /proc/locks: those who hold that file, none that waits', () => {
  const text = [
    '1: FLOCK  ADVISORY  WRITE 812 fe:00:77 0 EOF',
    '1: -> FLOCK  ADVISORY  WRITE 813 fe:00:77 0 EOF',
    '2: POSIX  ADVISORY  WRITE 814 fe:00:77 0 EOF',
    '3: FLOCK  ADVISORY  READ 815 fe:00:77 0 EOF',
    '4: FLOCK  ADVISORY  WRITE 816 fe:00:771 0 EOF',
    '5: FLOCK  ADVISORY  WRITE 817 103:100001:77 0 EOF',
    '',
  ].join('\n');
  const held = (device: number, inode: number) => flockHolders(text, device, inode).map(({ pid, kind }) => `${pid} ${kind}`);
  assert.deepEqual(held(0xfe00, 77), ['812 exclusive', '815 shared']);
  // major 0x103, minor 0x100001, as glibc's makedev joins them
  assert.deepEqual(held(0x100010301, 77), ['817 exclusive']);
  assert.deepEqual(held(0xfe00, 7), []);
});
