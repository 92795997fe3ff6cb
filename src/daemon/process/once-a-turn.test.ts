import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OnceATurn } from './once-a-turn.js';

const turn = (): Promise<void> => new Promise((done) => setImmediate(done));

test('a thousand requests in one turn are one piece of work, in the order of the first ones', async () => {
  const done: string[] = [];
  const work = new OnceATurn<string>((what) => void done.push(what));
  for (let count = 0; count < 1000; count += 1) {
    work.ask('a');
    work.ask('b');
  }
  assert.deepEqual(done, []);
  await turn();
  assert.deepEqual(done, ['a', 'b']);
  work.ask('a');
  work.flush();
  work.flush();
  await turn();
  assert.deepEqual(done, ['a', 'b', 'a']);
});
