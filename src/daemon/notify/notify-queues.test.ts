// The end of notify scripts at a stop: its bound holds whatever becomes of the wall clock.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scriptsEnded } from '../scripts/run-script.js';
import { NotifyQueues } from './notify-queues.js';

const identity = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
const HOUR_MS = 3_600_000;

test('a wall clock that is set back while the daemon stops does not make it wait', async (context) => {
  const queues = new NotifyQueues(() => {});
  for (const name of ['one', 'two'])
    queues.add(name, name, [{ script: { kind: 'shell', text: 'exec sleep 30', identity }, arguments: [], name }]);
  const now = Date.now();
  let asked = 0;
  context.mock.method(Date, 'now', () => (asked++ === 0 ? now : now - HOUR_MS));
  const began = performance.now();
  await queues.close();
  await scriptsEnded();
  const tookMs = performance.now() - began;
  assert.ok(tookMs < 25_000, `${tookMs} ms`);
});
