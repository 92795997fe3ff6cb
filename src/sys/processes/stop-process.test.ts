import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Service, startChild, startTime } from './child.js';
import { stopProcess } from './stop-process.js';

/** A shell that has run its first commands. */
async function shell(commands: string): Promise<Service> {
  const service = await startChild(['sh', '-c', `${commands} echo up >&2; while :; do sleep 1; done`], {});
  while (!service.stderr().includes('up')) await new Promise((done) => setTimeout(done, 5));
  return service;
}

test('a process ends by SIGTERM', async () => {
  const service = await shell('');
  stopProcess(service.pid, startTime(service.pid) ?? '', 10_000);
  assert.equal(startTime(service.pid), undefined);
  assert.equal(await service.ended, 128 + 15);
  stopProcess(service.pid, '1', 10_000);
});

test('one that ignores it is killed', async () => {
  const service = await shell("trap '' TERM;");
  const began = performance.now();
  stopProcess(service.pid, startTime(service.pid) ?? '', 200);
  assert.ok(performance.now() - began >= 200);
  assert.equal(await service.ended, 128 + 9);
});

test('another process with its number is left alone', async () => {
  const service = await shell('');
  stopProcess(service.pid, '1', 10_000);
  assert.ok(service.running());
  assert.notEqual(startTime(service.pid), undefined);
  await service.stop();
});
