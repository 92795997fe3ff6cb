// weir sim vrrp: runs VRRP's machine through histories made from seeds and reports broken invariants. Changes nothing on the host.

import { counted } from '../../model/counted.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { invariants } from '../../sim/vrrp/invariants/all.js';
import { describeHistory, judgeSeed, smallest } from '../../sim/vrrp/judge.js';
import { historyOf } from '../../sim/vrrp/scenario.js';
import { weirMachine } from '../../sim/vrrp/weir-machine.js';
import { reported } from '../failure.js';
import { readFlags, wantsHelp } from '../flags.js';
import type { Io } from '../io.js';

const USAGE =
  'usage: weir sim vrrp [--seeds COUNT] [--from SEED] [--nodes 2..5] [--keep-going]   or: weir sim vrrp --seed SEED [--nodes 2..5] [--whole]';
const TYPES = { seeds: 'value', from: 'value', seed: 'value', nodes: 'value', whole: 'flag', 'keep-going': 'flag' } as const;
const DEFAULT_SEEDS = 1000;

function wholeNumber(name: string, text: string | undefined, least: number, most: number): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,10}$/.test(text) || Number(text) < least || Number(text) > most)
    throw new WeirError('option-value', { option: `--${name}`, expected: `a whole number from ${least} to ${most}`, given: text });
  return Number(text);
}

/** Many seeds: 0 when every one of them holds. */
function runSeeds(io: Io, from: number, count: number, options: { readonly nodes?: number }, keepGoing: boolean): number {
  let [steps, broken] = [0, 0];
  for (let seed = from; seed < from + count; seed++) {
    const verdict = judgeSeed(weirMachine, invariants, seed, options);
    steps += verdict.steps;
    if (verdict.violation === undefined) continue;
    broken++;
    io.out(`seed ${seed}: ${verdict.violation.text}\n`);
    if (keepGoing) continue;
    io.out(`${describeHistory(weirMachine, invariants, smallest(weirMachine, invariants, seed, options)).join('\n')}\n`);
    break;
  }
  io.out(
    `${counted(count, 'seed')} from ${from}, ${counted(steps, 'step')}: ${broken === 0 ? 'every invariant held' : `${broken} broken`}\n`,
  );
  return broken === 0 ? 0 : 1;
}

export function run(args: readonly string[], io: Io): Promise<number> {
  return reported('weir sim', io, async () => {
    if (wantsHelp(args)) {
      io.out(`${USAGE}\n`);
      return 0;
    }
    const { flags, words } = readFlags(args, TYPES);
    if (words.length !== 1 || words[0] !== 'vrrp') throw new WeirError('usage', { usage: USAGE });
    const nodes = wholeNumber('nodes', flags.nodes, 2, 5);
    const options = nodes === undefined ? {} : { nodes };
    const seed = wholeNumber('seed', flags.seed, 0, 0xffff_ffff);
    if (seed === undefined) {
      const count = wholeNumber('seeds', flags.seeds, 1, 100_000_000) ?? DEFAULT_SEEDS;
      return runSeeds(io, wholeNumber('from', flags.from, 0, 0xffff_ffff) ?? 1, count, options, flags['keep-going'] === true);
    }
    const verdict = judgeSeed(weirMachine, invariants, seed, options);
    const history =
      flags.whole || verdict.violation === undefined ? historyOf(seed, options) : smallest(weirMachine, invariants, seed, options);
    io.out(`${describeHistory(weirMachine, invariants, history).join('\n')}\n`);
    return verdict.violation === undefined ? 0 : 1;
  });
}
