import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { onceEnded } from './child-end.js';

const endOf = (program: string, ...args: string[]): Promise<readonly [string, number | NodeJS.Signals | undefined]> =>
  new Promise((resolve) => onceEnded(spawn(program, args), (how, status) => resolve([how, status])));

test('a status or a signal, in words and as a value; the reason alone where there is no process', async () => {
  assert.deepEqual(await endOf('sh', '-c', 'exit 3'), ['status 3', 3]);
  assert.deepEqual(await endOf('sh', '-c', 'kill -TERM $$'), ['SIGTERM', 'SIGTERM']);
  assert.deepEqual(await endOf('/no/such/program'), ['spawn /no/such/program ENOENT', undefined]);
});
