import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunningScript } from '../../scripts/run-script.js';
import { StuckScripts } from './stuck-scripts.js';

test('a script that no signal ends is not started again beside itself, its check is out of time, and others run', async () => {
  const scripts = new StuckScripts();
  const started: { gone: boolean; over: (kind: 'timedOut' | 'exited') => void }[] = [];
  const run = (): RunningScript => {
    const state = { gone: false, over: (_: 'timedOut' | 'exited') => {} };
    started.push(state);
    const ended = new Promise<Awaited<RunningScript['ended']>>((done) => {
      state.over = (kind) => done(kind === 'timedOut' ? { kind } : { kind, status: 0 });
    });
    return {
      pid: started.length,
      ended,
      get isGone() {
        return state.gone;
      },
      signal: () => assert.fail('signalled'),
      end: () => {},
    };
  };
  const start = (name: string): RunningScript => {
    const running = scripts.start(name, run);
    assert.ok(typeof running !== 'string');
    return running;
  };
  const first = start('a');
  assert.notEqual(start('a'), first, 'runs whose time is not over do not hinder each other');
  started[0]?.over('timedOut');
  await first.ended;
  for (let round = 0; round < 100; round++) assert.deepEqual(await start('a').ended, { kind: 'timedOut' });
  assert.equal(started.length, 2);
  assert.notEqual(start('b'), first);
  assert.equal(
    scripts.start('c', () => 'it is disabled'),
    'it is disabled',
  );
  const [stuck] = started;
  if (stuck !== undefined) stuck.gone = true;
  const next = start('a');
  assert.notEqual(next, first);
  const ran = started.at(-1);
  if (ran !== undefined) ran.gone = true;
  ran?.over('exited');
  assert.deepEqual(await next.ended, { kind: 'exited', status: 0 });
  assert.notEqual(start('a'), next);
});
