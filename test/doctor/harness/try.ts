// Runs some cases and prints everything about them: node build/test/doctor/harness/try.js [WORD...]
// A word chooses the set-ups whose names have it, and the faults whose names have it, with their set-ups.
import { batchesOf, catalogue, runBatches } from './cases.js';
import type { FaultOutcome, SetUpOutcome } from './run.js';
import { problemsOf, problemsOfSetUp, table } from './table.js';

const LANES = 4;
const words = process.argv.slice(2);
const chosen = (name: string): boolean => words.length === 0 || words.some((word) => name.includes(word));
const all = await catalogue();
const faults = all.faults.filter(({ name, on }) => chosen(name) || chosen(on));
const setUps = all.setUps.filter(({ name }) => chosen(name) || faults.some(({ on }) => on === name));
const outcomes: FaultOutcome[] = [];
const examined: SetUpOutcome[] = [];
const print = (lines: readonly string[]): void => void process.stdout.write(lines.map((line) => `${line}\n`).join(''));

await runBatches(batchesOf({ setUps, faults }), LANES, {
  onSetUp(outcome) {
    examined.push(outcome);
    const problems = problemsOfSetUp(outcome);
    print([
      `${problems.length === 0 ? 'fine' : 'NOT FINE'}  set-up ${outcome.setUp.name}`,
      ...[...problems, ...outcome.falseAlarms.filter((line) => !problems.includes(line))].map((line) => `    ${line}`),
    ]);
  },
  onFault(outcome) {
    outcomes.push(outcome);
    const { fault, at, grade, fix, lines, commands } = outcome;
    const problems = problemsOf(outcome);
    print([
      `${problems.length === 0 ? 'fine' : 'NOT FINE'}  ${fault.name} at ${at.at}: ${grade}, fix ${fix}`,
      ...[
        ...lines,
        ...commands.map((command) => `executed: ${command}`),
        ...(problems.length === 0 ? outcome.problems : problems).map((line) => `! ${line}`),
      ].map((line) => `    ${line}`),
    ]);
  },
});
print(['', table(examined, outcomes)]);
