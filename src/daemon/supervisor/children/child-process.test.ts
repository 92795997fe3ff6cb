import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ChildEnd, DaemonChild } from './child-process.js';

test('a child that the system refuses to start has ended: the supervisor starts it again, and goes on', async () => {
  const child = new DaemonChild('bfd', { argv: ['x'.repeat(200_000)], console: false });
  const end = await new Promise<ChildEnd>((done) => child.listen({ onMessage: () => assert.fail('it sends'), onEnd: done }));
  assert.deepEqual([end.pid, end.status, child.gone], [-1, 71, true]);
  child.send({ kind: 'stop' });
  child.kill();
});
