// Compares results with a lab's expectations. Pure.
import type { ChildResult } from '../../sys/processes/child.js';
import type { Expectation, ServedStep, TrafficExpectation } from '../definition/lab.js';
import { boundsText, countTraffic, type PortPacket, trafficText, within } from '../traffic/traffic.js';

/** One expectation, judged. */
export interface Verdict {
  readonly ok: boolean;
  readonly what: string;
  readonly expected: string;
  readonly got: string;
}

export type CommandResult = Pick<ChildResult, 'exit' | 'stdout' | 'stderr' | 'timedOut'>;

/** Reduces runs of blanks to one and removes blanks at line ends, so that column widths do not matter. */
const plain = (text: string): string =>
  text
    .replace(/[ \t]+/g, ' ')
    .replace(/ ?\n ?/g, '\n')
    .trim();

const verdict = (ok: boolean, what: string, expected: string, got: string): Verdict => ({ ok, what, expected, got });

function exitVerdict(wanted: number, results: readonly CommandResult[]): Verdict {
  const wrong = results.find(({ exit }) => exit !== wanted);
  const got =
    wrong === undefined
      ? `exit ${wanted}`
      : `exit ${wrong.exit}${wrong.timedOut ? ' (ended by its timeout)' : ''}${wrong.stderr.trim() === '' ? '' : `: ${wrong.stderr.trim()}`}`;
  return verdict(wrong === undefined, 'exit status', `exit ${wanted}`, got);
}

function tallyVerdict(wanted: Readonly<Record<string, number>>, answers: readonly string[]): Verdict {
  const got = new Map<string, number>();
  for (const answer of answers) got.set(answer, (got.get(answer) ?? 0) + 1);
  const text = (entries: Iterable<readonly [string, number]>): string =>
    [...entries]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([answer, count]) => `${count} × ${answer}`)
      .join(', ');
  const expected = text(Object.entries(wanted).filter(([, count]) => count > 0));
  return verdict(text(got) === expected, 'answers, counted', expected, text(got));
}

/** Judges one step's results: one for each repetition, at least one. Without an expectation, each must have exit 0. */
export function judge(expect: Expectation, results: readonly CommandResult[]): readonly Verdict[] {
  const answers = results.map(({ stdout }) => stdout.trim());
  const each = (
    texts: readonly string[] | undefined,
    what: string,
    holds: (wanted: string, result: CommandResult) => boolean,
  ): readonly Verdict[] =>
    (texts ?? []).map((wanted) => {
      const wrong = results.find((result) => !holds(wanted, result));
      return verdict(
        wrong === undefined,
        what,
        wanted,
        wrong === undefined ? wanted : what === 'error output' ? wrong.stderr.trim() : wrong.stdout.trim(),
      );
    });
  return [
    exitVerdict(expect.exit ?? 0, results),
    ...(expect.answers === undefined
      ? []
      : [
          verdict(
            expect.answers.length === answers.length && expect.answers.every((wanted, index) => wanted.trim() === answers[index]),
            answers.length === 1 ? 'answer' : 'answers, in order',
            expect.answers.join(' | '),
            answers.join(' | '),
          ),
        ]),
    ...(expect.tally === undefined ? [] : [tallyVerdict(expect.tally, answers)]),
    ...each(expect.contains, 'output has', (wanted, { stdout }) => plain(stdout).includes(plain(wanted))),
    ...each(expect.lacks, 'output lacks', (wanted, { stdout }) => !plain(stdout).includes(plain(wanted))),
    ...each(expect.matches, 'output matches', (wanted, { stdout }) => new RegExp(wanted, 'm').test(plain(stdout))),
    ...each(expect.errors, 'error output', (wanted, { stderr }) => plain(stderr).includes(plain(wanted))),
  ];
}

export function judgeTraffic(expectations: readonly TrafficExpectation[], packets: readonly PortPacket[]): readonly Verdict[] {
  return expectations.map((wanted) => {
    const count = countTraffic(packets, wanted);
    return verdict(
      within(count, wanted.packets),
      trafficText(wanted),
      `${boundsText(wanted.packets)} ${wanted.packets === 1 ? 'packet' : 'packets'}`,
      `${count}`,
    );
  });
}

/** `served`: requests by host since the last mark. */
export function judgeServed(expect: ServedStep['expect'], served: Readonly<Record<string, number>>): readonly Verdict[] {
  const total = Object.values(served).reduce((sum, count) => sum + count, 0);
  return Object.entries(expect).map(([host, wanted]) => {
    const count = host === '*' ? total : (served[host] ?? 0);
    return verdict(within(count, wanted), `requests served by ${host === '*' ? 'all' : host}`, boundsText(wanted), String(count));
  });
}
