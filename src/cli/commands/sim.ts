// weir sim: runs the machine of VRRP or of health checks through histories made from seeds and reports broken invariants; compares
// schedulers (sim-packets.ts). Changes nothing on the host.

import { counted } from '../../model/counted.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { invariants as checkInvariants } from '../../sim/check/invariants/all.js';
import { simulatorOf as checkSimulator } from '../../sim/check/simulator.js';
import { weirMachine as checkMachine } from '../../sim/check/weir-machine.js';
import type { CommonHistory } from '../../sim/history.js';
import { describeHistory, judgeSeed, type Simulator, smallest, type Verdict } from '../../sim/judge.js';
import { invariants as vrrpInvariants } from '../../sim/vrrp/invariants/all.js';
import { simulatorOf as vrrpSimulator } from '../../sim/vrrp/simulator.js';
import { weirMachine as vrrpMachine } from '../../sim/vrrp/weir-machine.js';
import { reported } from '../failure.js';
import { type Flags, readFlags, wantsHelp } from '../flags.js';
import type { Io } from '../io.js';
import { compareLaws, runPools } from './sim-feedback.js';
import { PACKETS_USAGE, runPackets } from './sim-packets.js';

const USAGE = `usage: weir sim vrrp|check [--seeds COUNT] [--from SEED] [--keep-going]   or: weir sim vrrp|check --seed SEED [--whole]
       --nodes 2..5  with vrrp: how many nodes there are
       weir sim feedback                      weights that follow the load, by three laws, on the pools that decide between them
       weir sim feedback --seeds COUNT [--from SEED]   the invariants of the default law on random pools with wrong agents
       weir sim packets [OPTION ...]   compares schedulers: weir sim packets --help`;
const TYPES = { seeds: 'value', from: 'value', seed: 'value', nodes: 'value', whole: 'flag', 'keep-going': 'flag' } as const;
const DEFAULT_SEEDS = 1000;

function wholeNumber(name: string, text: string | undefined, least: number, most: number): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,10}$/.test(text) || Number(text) < least || Number(text) > most)
    throw new WeirError('option-value', { option: `--${name}`, expected: `a whole number from ${least} to ${most}`, given: text });
  return Number(text);
}

/** One simulator, whatever its histories are. */
interface Judge {
  readonly judge: (seed: number) => Verdict;
  /** A seed's history, made small if it breaks an invariant. */
  readonly describe: (seed: number, whole: boolean) => readonly string[];
}

function judgeOf<History extends CommonHistory<unknown>>(simulator: Simulator<History>): Judge {
  const judge = (seed: number): Verdict => judgeSeed(simulator, seed);
  return {
    judge,
    describe: (seed, whole) => {
      const isWhole = whole || judge(seed).violation === undefined;
      return describeHistory(simulator, isWhole ? simulator.historyOf(seed) : smallest(simulator, seed));
    },
  };
}

/** Many seeds: 0 when every one of them holds. */
function runSeeds(io: Io, from: number, count: number, { judge, describe }: Judge, keepGoing: boolean): number {
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

function runFeedbackPools(io: Io, { seeds, from }: Flags<typeof TYPES>): number {
  if (seeds === undefined) return compareLaws(io);
  return runPools(io, wholeNumber('from', from, 0, 0xffff_ffff) ?? 1, wholeNumber('seeds', seeds, 1, 100_000_000) ?? 1);
}

export function run(args: readonly string[], io: Io): Promise<number> {
  return reported('weir sim', io, async () => {
    const packets = args[0] === 'packets';
    if (wantsHelp(args)) {
      io.out(packets ? PACKETS_USAGE : `${USAGE}\n`);
      return 0;
    }
    if (packets) return runPackets(args.slice(1), io);
    const { flags, words } = readFlags(args, TYPES);
    const [which] = words;
    const nodes = wholeNumber('nodes', flags.nodes, 2, 5);
    if (which === 'feedback' && words.length === 1 && nodes === undefined) return runFeedbackPools(io, flags);
    if (words.length !== 1 || (which !== 'vrrp' && which !== 'check') || (which === 'check' && nodes !== undefined))
      throw new WeirError('usage', { usage: USAGE.trimEnd() });
    const judge =
      which === 'vrrp'
        ? judgeOf(vrrpSimulator(vrrpMachine, vrrpInvariants, nodes === undefined ? {} : { nodes }))
        : judgeOf(checkSimulator(checkMachine, checkInvariants));
    const seed = wholeNumber('seed', flags.seed, 0, 0xffff_ffff);
    if (seed === undefined) {
      const count = wholeNumber('seeds', flags.seeds, 1, 100_000_000) ?? DEFAULT_SEEDS;
      return runSeeds(io, wholeNumber('from', flags.from, 0, 0xffff_ffff) ?? 1, count, judge, flags['keep-going'] === true);
    }
    io.out(`${judge.describe(seed, flags.whole === true).join('\n')}\n`);
    return judge.judge(seed).violation === undefined ? 0 : 1;
  });
}
