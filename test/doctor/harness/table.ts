// The table that closes a run: faults by topic and grade, false alarms on working set-ups, fixes that work.
import type { FaultOutcome, Grade, SetUpOutcome } from './run.js';

const GRADES: readonly Grade[] = ['right', 'symptom', 'wrong', 'missed', 'not run'];

const row = (name: string, numbers: readonly (number | string)[]): string =>
  `${name.padEnd(16)}${numbers.map((number) => String(number).padStart(9)).join('')}`;

function rowsOf(outcomes: readonly FaultOutcome[]): readonly string[] {
  const count = (name: string, some: readonly FaultOutcome[]): string =>
    row(name, [some.length, ...GRADES.map((grade) => some.filter((one) => one.grade === grade).length)]);
  const topics = [...new Set(outcomes.map(({ fault }) => fault.topic))].sort();
  return [
    row('faults', ['all', ...GRADES]),
    ...topics.map((topic) =>
      count(
        topic,
        outcomes.filter(({ fault }) => fault.topic === topic),
      ),
    ),
    count('all', outcomes),
  ];
}

export function table(setUps: readonly SetUpOutcome[], outcomes: readonly FaultOutcome[]): string {
  const alarmed = setUps.filter(({ falseAlarms }) => falseAlarms.length > 0);
  const broken = setUps.filter(({ problem }) => problem !== undefined);
  const fixes = (fix: FaultOutcome['fix']): number => outcomes.filter((one) => one.fix === fix).length;
  const right = outcomes.filter(({ grade }) => grade === 'right').length;
  return [
    ...rowsOf(outcomes),
    `right: ${outcomes.length === 0 ? '-' : `${((100 * right) / outcomes.length).toFixed(1)} %`}`,
    `working set-ups: ${setUps.length}, with a false ERROR or WARN: ${alarmed.length}, not examined: ${broken.length}`,
    `printed fixes executed: ${fixes('works') + fixes('fails')}, of these work: ${fixes('works')}; advice alone: ${fixes('none')}`,
  ]
    .map((line) => `${line}\n`)
    .join('');
}

/** What is wrong with an outcome; empty: nothing. A fault that is declared open may be anything but wrong. */
export function problemsOf({ fault, at, grade, problems, lines }: FaultOutcome): readonly string[] {
  if (fault.open !== undefined) {
    if (grade === 'right' && problems.length === 0) return ['it is found and fixed: it is no longer open'];
    return grade === 'wrong' ? ['a wrong cause:', ...lines] : [];
  }
  if (grade === 'right') return problems;
  return [...problems, `${grade} at ${at.at}, where ${at.code} ${at.matches} was expected; doctor printed:`, ...lines];
}

export const problemsOfSetUp = ({ setUp, falseAlarms, problem }: SetUpOutcome): readonly string[] => [
  ...(setUp.open === undefined ? falseAlarms : []),
  ...(problem === undefined ? [] : [problem]),
];
