// weir sim: runs the machine of VRRP or of health checks through histories made from seeds and reports broken invariants. Changes nothing
// on the host.

import { counted } from '../../model/counted.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { invariants as checkInvariants } from '../../sim/check/invariants/all.js';
import * as checkJudge from '../../sim/check/judge.js';
import { historyOf as checkHistory } from '../../sim/check/scenario.js';
import { weirMachine as checkMachine } from '../../sim/check/weir-machine.js';
import { invariants as vrrpInvariants } from '../../sim/vrrp/invariants/all.js';
import * as vrrpJudge from '../../sim/vrrp/judge.js';
import { type ScenarioOptions, historyOf as vrrpHistory } from '../../sim/vrrp/scenario.js';
import { weirMachine as vrrpMachine } from '../../sim/vrrp/weir-machine.js';
import { reported } from '../failure.js';
import { readFlags, wantsHelp } from '../flags.js';
import type { Io } from '../io.js';

const USAGE = `usage: weir sim vrrp|check [--seeds COUNT] [--from SEED] [--keep-going]   or: weir sim vrrp|check --seed SEED [--whole]
       weir sim vrrp takes [--nodes 2..5], too`;
const TYPES = { seeds: 'value', from: 'value', seed: 'value', nodes: 'value', whole: 'flag', 'keep-going': 'flag' } as const;
const DEFAULT_SEEDS = 1000;

function wholeNumber(name: string, text: string | undefined, least: number, most: number): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,10}$/.test(text) || Number(text) < least || Number(text) > most)
    throw new WeirError('option-value', { option: `--${name}`, expected: `a whole number from ${least} to ${most}`, given: text });
  return Number(text);
}

interface Verdict {
  readonly steps: number;
  readonly violation: { readonly text: string } | undefined;
}

/** One machine with its histories. */
interface Simulator {
  readonly judge: (seed: number) => Verdict;
  /** Its history, made small if it breaks an invariant. */
  readonly describe: (seed: number, whole: boolean) => readonly string[];
}

function vrrpSimulator(options: ScenarioOptions): Simulator {
  const judge = (seed: number): Verdict => vrrpJudge.judgeSeed(vrrpMachine, vrrpInvariants, seed, options);
  return {
    judge,
    describe: (seed, whole) => {
      const isWhole = whole || judge(seed).violation === undefined;
      const history = isWhole ? vrrpHistory(seed, options) : vrrpJudge.smallest(vrrpMachine, vrrpInvariants, seed, options);
      return vrrpJudge.describeHistory(vrrpMachine, vrrpInvariants, history);
    },
  };
}

function checkSimulator(): Simulator {
  const judge = (seed: number): Verdict => checkJudge.judgeSeed(checkMachine, checkInvariants, seed);
  return {
    judge,
    describe: (seed, whole) => {
      const isWhole = whole || judge(seed).violation === undefined;
      const history = isWhole ? checkHistory(seed) : checkJudge.smallest(checkMachine, checkInvariants, seed);
      return checkJudge.describeHistory(checkMachine, checkInvariants, history);
    },
  };
}

/** Many seeds: 0 when every one of them holds. */
function runSeeds(io: Io, from: number, count: number, { judge, describe }: Simulator, keepGoing: boolean): number {
  let [steps, broken] = [0, 0];
  for (let seed = from; seed < from + count; seed++) {
    const verdict = judge(seed);
    steps += verdict.steps;
    if (verdict.violation === undefined) continue;
    broken++;
    io.out(`seed ${seed}: ${verdict.violation.text}\n`);
    if (keepGoing) continue;
    io.out(`${describe(seed, false).join('\n')}\n`);
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
    const [which] = words;
    const nodes = wholeNumber('nodes', flags.nodes, 2, 5);
    if (words.length !== 1 || (which !== 'vrrp' && which !== 'check') || (which === 'check' && nodes !== undefined))
      throw new WeirError('usage', { usage: USAGE.trimEnd() });
    const simulator = which === 'vrrp' ? vrrpSimulator(nodes === undefined ? {} : { nodes }) : checkSimulator();
    const seed = wholeNumber('seed', flags.seed, 0, 0xffff_ffff);
    if (seed === undefined) {
      const count = wholeNumber('seeds', flags.seeds, 1, 100_000_000) ?? DEFAULT_SEEDS;
      return runSeeds(io, wholeNumber('from', flags.from, 0, 0xffff_ffff) ?? 1, count, simulator, flags['keep-going'] === true);
    }
    io.out(`${simulator.describe(seed, flags.whole === true).join('\n')}\n`);
    return simulator.judge(seed).violation === undefined ? 0 : 1;
  });
}
