import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { onceEnded } from './child-end.js';
import { spawnChild } from './spawn-child.js';

/** Longer than the kernel takes one word: node's spawn throws. */
const TOO_LONG = 'x'.repeat(200_000);

test('a process that is started is as node has it', async () => {
  const child = spawnChild('sh', ['-c', 'exit 3'], { stdio: 'ignore' });
  assert.deepEqual(await once(child, 'exit'), [3, null]);
});

for (const [what, program, word] of [
  ['reports', '/no/such/program', ''],
  ['throws', 'true', TOO_LONG],
] as const)
  test(`a failure that node ${what} is an event, and this process group gets no signal`, async () => {
    const child = spawnChild(program, [word], { stdio: ['pipe', 'pipe', 'pipe', 'ipc'] });
    // signal 0 changes nothing, and answers whether another one would be sent
    assert.deepEqual([child.kill(0), child.pid], [false, undefined]);
    child.unref();
    const [how, status] = await new Promise<readonly unknown[]>((done) => onceEnded(child, (...end) => done(end)));
    assert.match(String(how), /^spawn .*(ENOENT|E2BIG)$/);
    assert.equal(status, undefined);
  });
