import assert from 'node:assert/strict';
import { test } from 'node:test';
import { monotonicUs } from '../../sys/clock.js';
import { StepLoop } from './step-loop.js';

const step = (state: readonly string[], input: string) => ({ state: [...state, input], effects: [`${input}!`], wakeAtUs: undefined });

test('an input that an effect feeds is handled after the effects of its step', () => {
  const performed: string[] = [];
  const loop: StepLoop<readonly string[], string, string> = new StepLoop<readonly string[], string, string>({
    initial: [],
    step,
    perform: (effects) => {
      if (effects[0] === 'a!') loop.feed('b');
      performed.push(...effects);
    },
    onWake: () => {},
  });
  loop.feed('a');
  assert.deepEqual(loop.state, ['a', 'b']);
  assert.deepEqual(performed, ['a!', 'b!']);
  loop.close();
});

test('what must be known before an input is handled first, and not between inputs that effects feed', () => {
  let due = true;
  const loop: StepLoop<readonly string[], string, string> = new StepLoop<readonly string[], string, string>({
    initial: [],
    step,
    perform: ([effect]) => effect === 'a!' && loop.feed('b'),
    onWake: () => {},
    before: () => (due ? 'clock' : undefined),
  });
  loop.feed('a');
  due = false;
  loop.feed('c');
  assert.deepEqual(loop.state, ['clock', 'a', 'b', 'c']);
  loop.close();
});

test('a machine is woken at the time it asked for last', async () => {
  const loop = await new Promise<StepLoop<number, 'start' | 'wake', never>>((done) => {
    const wakeAtUs = monotonicUs() + 2000;
    const made: StepLoop<number, 'start' | 'wake', never> = new StepLoop<number, 'start' | 'wake', never>({
      initial: 0,
      step: (count, input) => ({ state: count + 1, effects: [], wakeAtUs: input === 'start' ? wakeAtUs : undefined }),
      perform: () => {},
      onWake: () => {
        assert.ok(monotonicUs() >= wakeAtUs);
        made.feed('wake');
        done(made);
      },
    });
    made.feed('start');
  });
  assert.equal(loop.state, 2);
  loop.close();
});

test('an error of a step leaves the state as it was, and the loop usable', () => {
  const loop = new StepLoop<number, number, never>({
    initial: 0,
    step: (sum, by) => {
      if (by < 0) throw new Error('negative');
      return { state: sum + by, effects: [], wakeAtUs: undefined };
    },
    perform: () => {},
    onWake: () => {},
  });
  assert.throws(() => loop.feed(-1), /negative/);
  loop.feed(2);
  assert.equal(loop.state, 2);
  loop.close();
});

test('a machine that is woken at multiples of a time is not woken before the next one', async () => {
  const EVERY_US = 50_000;
  const askedUs = monotonicUs();
  const woken = await new Promise<number>((resolve) => {
    const loop: StepLoop<number, 'start', never> = new StepLoop<number, 'start', never>({
      initial: 0,
      step: (state, _input, atUs) => ({ state, effects: [], wakeAtUs: atUs + 1 }),
      perform: () => {},
      onWake: () => {
        loop.close();
        resolve(monotonicUs());
      },
      wakeEveryUs: EVERY_US,
    });
    loop.feed('start');
  });
  assert.ok(Math.floor(woken / EVERY_US) > Math.floor(askedUs / EVERY_US));
});
