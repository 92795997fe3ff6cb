import assert from 'node:assert/strict';
import { test } from 'node:test';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from '../../../../test/support/properties.js';
import { Fd } from '../../../sys/fd.js';
import { RunningAttempts } from './running-attempts.js';

interface Run {
  readonly attempt: { readonly number: number };
  place: number | undefined;
}

const runOf = (number: number): Run => ({ attempt: { number }, place: undefined });

test('attempts that come, go and are asked for by number in any order are found while they run', () => {
  const command = fc.record({ kind: fc.constantFrom('add' as const, 'remove' as const, 'find' as const), which: fc.nat({ max: 30 }) });
  fc.assert(
    fc.property(fc.array(command, { maxLength: 200 }), (commands) => {
      const running = new RunningAttempts<Run>();
      const expected = new Map<number, Run>();
      const gone: Run[] = [];
      let added = 0;
      for (const { kind, which } of commands) {
        const number = 1 + (which % (added + 1));
        if (kind === 'add') {
          added += 1;
          const run = runOf(added);
          expected.set(added, run);
          running.add(run);
        } else if (kind === 'remove') {
          const run = expected.get(number) ?? gone.at(-1);
          if (run === undefined) continue;
          expected.delete(run.attempt.number);
          gone.push(run);
          running.remove(run);
        } else assert.equal(running.find(number), expected.get(number));
        assert.equal(running.count, expected.size);
      }
      assert.deepEqual(new Set(running.takeAll()), new Set(expected.values()));
      assert.equal(running.count, 0);
      for (const run of expected.values()) running.remove(run);
      assert.equal(running.count, 0);
    }),
  );
});

const oldBytes = (): number => getHeapSpaceStatistics().find(({ space_name }) => space_name === 'old_space')?.space_used_size ?? 0;

/** The most bytes by which old space grows while so many things come and go. */
function growth(times: number, comeAndGo: (index: number) => void): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let index = 0; index < 1000; index++) comeAndGo(index);
  for (let round = 0; round < 3; round++) collect();
  const before = oldBytes();
  let most = 0;
  for (let index = 0; index < times; index++) {
    comeAndGo(index);
    if (index % 1000 === 0) most = Math.max(most, oldBytes() - before);
  }
  return most;
}

test('attempts and descriptors that came and went do not wait for a full garbage collection', () => {
  interface Loaded extends Run {
    readonly load: readonly number[];
    readonly fd: Fd;
  }
  const running = new RunningAttempts<Loaded>();
  const present: (Loaded | undefined)[] = Array.from({ length: 40 }, () => undefined);
  const end = (run: Loaded | undefined): void => {
    if (run === undefined) return;
    running.remove(run);
    run.fd.release();
  };
  const grown = growth(300_000, (index) => {
    const load = new Array<number>(50).fill(index);
    const run: Loaded = { attempt: { number: index }, place: undefined, load, fd: new Fd(1_000_000 + index, 'no real one') };
    running.add(run);
    end(present[index % 40]);
    present[index % 40] = run;
  });
  present.forEach(end);
  // All of them are 150 MB; a fifth of it stays behind where each table of a Map leaves the next ones theirs.
  assert.ok(grown < 8 * 2 ** 20, `${grown} bytes`);
});
