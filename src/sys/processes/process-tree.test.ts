// Processes below one, by the kernel's lists of children and by a search of /proc.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startChild } from './child.js';
import { ProcessHandle } from './process-handle.js';
import { descendants, processStat, searchedChildren } from './process-tree.js';

test('children and theirs, both ways of finding them; a process that ends is noticed, and its number is no other one for a handle', async () => {
  const shell = await startChild(['sh', '-c', 'sh -c "setsid sleep 1000 & wait" & wait'], {});
  try {
    let found = descendants([shell.pid], 10);
    while (found.length < 2) found = descendants([shell.pid], 10);
    const [child, grandchild] = found;
    assert.ok(child !== undefined && grandchild !== undefined);
    assert.equal(child.parent, shell.pid);
    assert.equal(grandchild.parent, child.pid);
    assert.equal(child.group, shell.pid);
    assert.deepEqual(
      descendants([shell.pid], 10, searchedChildren()).map(({ pid }) => pid),
      found.map(({ pid }) => pid),
    );
    assert.equal(descendants([shell.pid], 1).length, 1);
    const handle = ProcessHandle.open(grandchild.pid);
    assert.ok(handle !== undefined);
    assert.ok(handle.hasItsNumber());
    const ended = new Promise<void>((done) => handle.whenEnded(done));
    handle.signal('SIGKILL');
    await ended;
    handle.close();
    handle.close();
  } finally {
    await shell.stop('SIGKILL');
  }
  assert.equal(processStat(shell.pid), undefined);
  assert.equal(ProcessHandle.open(shell.pid), undefined);
  assert.deepEqual(descendants([shell.pid], 10), []);
});
