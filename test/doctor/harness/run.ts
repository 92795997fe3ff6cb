// Runs a working set-up, and faults in it: break, see that traffic suffers, diagnose, fix literally as printed, diagnose again.
import { setTimeout as pause } from 'node:timers/promises';
import { type Finding, findingText } from '../../../src/model/finding.js';
import { endpointOf } from './host.js';
import { Network } from './network.js';
import type { Expectation, Fault, SetUp, Steps, Traffic } from './types.js';

/** For what must come true: daemons elect, neighbours are resolved, a busy machine finds time. */
const PATIENCE_MS = 90_000;
/** For traffic to go on after a fix, before doctor looks again: a second cause may come to light then. */
const RECOVERS_MS = 4_000;
/** For traffic to notice a fault: next hops are asked for again within seconds. */
const SUFFERS_MS = 30_000;
const FETCH_MS = 2_000;
const SUFFERING_FETCH_MS = 700;
/** Fixes that bring the next cause to light: an operator executes what is printed, looks again, and is done. */
const ROUNDS_MAX = 2;

export type Grade = 'right' | 'symptom' | 'wrong' | 'missed' | 'not run';

export interface SetUpOutcome {
  readonly setUp: SetUp;
  /** ERROR and WARN lines on the working set-up, each with its host. */
  readonly falseAlarms: readonly string[];
  /** Why it could not be examined. */
  readonly problem?: string;
}

export interface FaultOutcome {
  readonly fault: Fault;
  readonly at: Expectation;
  readonly grade: Grade;
  /** All lines that doctor printed of the broken set-up. */
  readonly lines: readonly string[];
  /** `none`: advice alone. */
  readonly fix: 'works' | 'fails' | 'none' | 'not run';
  readonly commands: readonly string[];
  readonly problems: readonly string[];
}

interface Verdict {
  readonly findings: readonly Finding[];
}

async function diagnose(network: Network, at: string): Promise<Verdict> {
  const options = network.setUp.doctor[at];
  if (options === undefined) throw new RangeError(`${network.setUp.name} has no doctor at ${at}`);
  const { status, text, error } = await network.host(at).run(`weir doctor --json ${options}`);
  if (error !== '' || !text.startsWith('{')) throw new Error(`weir doctor on ${at} ended with ${status}: ${error}${text}`);
  const verdict = JSON.parse(text) as Verdict & { readonly status: number };
  if (verdict.status !== status) throw new Error(`weir doctor on ${at}: exit status ${status}, ${verdict.status} in its output`);
  return verdict;
}

const alarms = ({ findings }: Verdict): readonly Finding[] => findings.filter(({ severity }) => severity !== 'info');

/** undefined: all that must answer answer, and nothing else; else what is wrong. */
async function trouble(network: Network, { from, to, answers, bytes = 0 }: Traffic, timeoutMs: number): Promise<string | undefined> {
  const answered = new Set<string>();
  for (let count = 0; count < 2 * answers.length; count++) {
    const { status, text, error } = await network.host(from).ask({ kind: 'fetch', at: endpointOf(to), bytes, timeoutMs });
    if (status !== 0) return `${from} gets no answer of ${to}: ${error}`;
    if (!answers.includes(text)) return `${text} answers ${from} for ${to}`;
    answered.add(text);
    if (answered.size === answers.length && count + 1 >= answers.length) return undefined;
  }
  return `${answers.filter((name) => !answered.has(name)).join(', ')} never answers ${from} for ${to}`;
}

async function anyTrouble(network: Network, timeoutMs: number): Promise<string | undefined> {
  for (const traffic of network.setUp.traffic) {
    const found = await trouble(network, traffic, timeoutMs);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The last text of `look` when it does not become undefined in time. */
async function untilFine(look: () => Promise<string | undefined>, patienceMs = PATIENCE_MS): Promise<string | undefined> {
  const end = Date.now() + patienceMs;
  for (;;) {
    const found = await look();
    if (found === undefined || Date.now() > end) return found;
    await pause(200);
  }
}

const works = (network: Network): Promise<string | undefined> => untilFine(() => anyTrouble(network, FETCH_MS));

/** Whether traffic suffers: within seconds, because what the datapath and the kernel remember has to expire first. */
async function suffers(network: Network): Promise<boolean> {
  const still = await untilFine(
    async () => ((await anyTrouble(network, SUFFERING_FETCH_MS)) === undefined ? 'works' : undefined),
    SUFFERS_MS,
  );
  return still === undefined;
}

async function ready(network: Network): Promise<void> {
  for (const [name, command] of network.setUp.ready ?? []) {
    const obstacle = await untilFine(async () => {
      const { status, error } = await network.host(name).run(command);
      return status === 0 ? undefined : `${name}: ${command} ended with ${status} ${error}`;
    });
    if (obstacle !== undefined) throw new Error(`not ready: ${obstacle}`);
  }
}

/** Builds it and waits until it works. @throws Error with what does not */
async function working(setUp: SetUp): Promise<Network> {
  const network = await Network.build(setUp);
  try {
    await ready(network);
    const obstacle = await works(network);
    if (obstacle !== undefined) throw new Error(`does not work: ${obstacle}`);
    return network;
  } catch (error) {
    const logs = await network.logs();
    await network.close();
    throw new Error(`${messageOf(error)}\n${logs}`);
  }
}

async function examineWorking(network: Network): Promise<SetUpOutcome> {
  const falseAlarms: string[] = [];
  for (const at of Object.keys(network.setUp.doctor)) {
    falseAlarms.push(...alarms(await diagnose(network, at)).map((finding) => `${at}: ${findingText(finding)} [${finding.code}]`));
  }
  const after = await works(network);
  return { setUp: network.setUp, falseAlarms, ...(after === undefined ? {} : { problem: `after doctor it does not work: ${after}` }) };
}

export function gradeOf(found: readonly Finding[], fault: Fault, { code, matches, also = [] }: Expectation): Grade {
  const isExpected = (finding: Finding): boolean => finding.code === code && matches.test(findingText(finding));
  const symptoms = fault.symptoms ?? [];
  const judged = found.filter(({ severity }) => severity !== 'info');
  if (judged.some((finding) => !isExpected(finding) && ![...also, ...symptoms].includes(finding.code))) return 'wrong';
  if (found.some(isExpected)) return 'right';
  return judged.length > 0 ? 'symptom' : 'missed';
}

/** Executes what is printed after `fix:` of these findings, each text once, on the host that is named. */
async function execute(network: Network, at: string, findings: readonly Finding[]): Promise<{ commands: string[]; problems: string[] }> {
  const commands: string[] = [];
  const problems: string[] = [];
  for (const { fix, on } of findings) {
    if (fix === undefined) continue;
    const place = `${on ?? ''} ${fix}`;
    if (commands.includes(place)) continue;
    commands.push(place);
    const host = on === undefined ? network.host(at) : await network.hostNamed(on);
    if (host === undefined) {
      problems.push(`no host is ${on}: ${fix}`);
      continue;
    }
    const { status, text, error } = await host.run(fix);
    if (status !== 0) problems.push(`the fix "${fix}" on ${host.name} ended with ${status}: ${error}${text}`);
  }
  return { commands, problems };
}

interface Repaired {
  readonly fix: FaultOutcome['fix'];
  readonly commands: readonly string[];
  readonly problems: readonly string[];
}

/** `settled`: traffic went on after the last fix, and then doctor found nothing. */
interface Followed extends Repaired {
  readonly settled: boolean;
}

/** Follows doctor until it is content: first the finding that names the cause, then what a second look prints. */
async function followFixes(network: Network, { at, code }: Expectation, verdict: Verdict): Promise<Followed> {
  const commands: string[] = [];
  const problems: string[] = [];
  let open = verdict.findings;
  let settled = false;
  for (let round = 0; round < ROUNDS_MAX && open.length > 0; round++) {
    const named = open.filter((finding) => finding.code === code);
    const done = await execute(network, at, named.length > 0 ? named : open);
    commands.push(...done.commands);
    problems.push(...done.problems);
    if (done.commands.length === 0) break;
    const goesOn = (await untilFine(() => anyTrouble(network, FETCH_MS), RECOVERS_MS)) === undefined;
    open = alarms(await diagnose(network, at));
    settled = goesOn && open.length === 0;
  }
  return { fix: commands.length === 0 ? 'none' : problems.length === 0 ? 'works' : 'fails', commands, problems, settled };
}

/** More than doctor counts as fresh. */
const HALF_OPEN_OVER_MS = 4000;

async function afterFix(network: Network, at: string): Promise<readonly string[]> {
  const traffic = await works(network);
  const first = alarms(await diagnose(network, at));
  // What was half open a moment ago is over when clients have been served since, and none waits any more.
  const waits = first.length > 0 && first.every(({ code }) => code.startsWith('half-open'));
  if (waits) await pause(HALF_OPEN_OVER_MS);
  const open = waits && (await works(network)) === undefined ? alarms(await diagnose(network, at)) : first;
  const left = open.map((finding) => `still reported: ${findingText(finding)} [${finding.code}]`);
  return [...(traffic === undefined ? [] : [`still does not work: ${traffic}`]), ...left];
}

async function repair(network: Network, fault: Fault, expectation: Expectation, verdict: Verdict): Promise<Repaired> {
  const { at } = expectation;
  const { settled, ...fixed } = await followFixes(network, expectation, verdict);
  if (fixed.fix === 'works' && settled && fault.afterwards === undefined) return fixed;
  if (fixed.fix === 'none' && fault.repair === undefined) {
    return { ...fixed, problems: ['no fix is printed, and the fault has no repair by a person'] };
  }
  await network.carryOut((fixed.fix === 'none' ? fault.repair : fault.afterwards) ?? []);
  const problems = [...fixed.problems, ...(await afterFix(network, at))];
  const fix = fixed.fix === 'none' ? 'none' : problems.length === 0 ? 'works' : 'fails';
  return { ...fixed, fix, problems };
}

/** Findings with one text about several services or servers: one fact is one line. */
function repeated(found: readonly Finding[]): readonly string[] {
  const judged = found
    .filter(({ severity }) => severity !== 'info')
    .map(({ code, cause, on, fix, advice }) => `${code}: ${[cause, on, fix, advice].filter(Boolean).join(' ')}`);
  return [...new Set(judged.filter((text, index) => judged.indexOf(text) !== index))].map((text) => `one fact in several lines: ${text}`);
}

/** What doctor may have overlooked there, or what was over before it looked. */
async function tableSeen(network: Network, at: string): Promise<string> {
  const { text, error } = await network.host(at).run('ipvsadm -Ln; ipvsadm -Lnc | head -n 40');
  return `the table after doctor's look: ${error}${text}`;
}

/** One row of the table, in a network that works; it works again afterwards where the fix works. */
async function runExpectation(network: Network, fault: Fault, at: Expectation): Promise<FaultOutcome> {
  await network.carryOut(fault.breaks);
  const problems: string[] = [];
  if (fault.effect !== 'latent' && !(await suffers(network)))
    problems.push('traffic does not suffer: declare the fault latent, or break more');
  const verdict = await diagnose(network, at.at);
  problems.push(...repeated(verdict.findings));
  const lines = verdict.findings.map((finding) => `${findingText(finding)} [${finding.code}]`);
  const grade = gradeOf(verdict.findings, fault, at);
  if (grade !== 'right') {
    const seen = [...problems, await tableSeen(network, at.at)];
    return { fault, at, grade, lines, fix: 'not run', commands: [], problems: seen };
  }
  const repaired = await repair(network, fault, at, verdict);
  return { fault, at, grade, lines, ...repaired, problems: [...problems, ...repaired.problems] };
}

async function undo(network: Network, steps: Steps | undefined): Promise<boolean> {
  if (steps === undefined) return true;
  await network.carryOut(steps);
  return (await works(network)) === undefined;
}

export interface Case {
  readonly fault: Fault;
  readonly at: Expectation;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/**
 * Runs the cases one after another, in as few networks as possible: a case that leaves its network otherwise costs a new one.
 * `onSetUp`: the set-up is examined first, without a fault.
 */
export async function runCases(
  setUp: SetUp,
  cases: readonly Case[],
  onSetUp: ((outcome: SetUpOutcome) => void) | undefined,
  onFault: (outcome: FaultOutcome) => void,
): Promise<void> {
  let network: Network | undefined;
  const notRun = ({ fault, at }: Case, problem: string): FaultOutcome => ({
    fault,
    at,
    grade: 'not run',
    lines: [],
    fix: 'not run',
    commands: [],
    problems: [problem],
  });
  if (onSetUp !== undefined) {
    try {
      network = await working(setUp);
      onSetUp(await examineWorking(network));
    } catch (error) {
      onSetUp({ setUp, falseAlarms: [], problem: messageOf(error) });
    }
  }
  for (const one of cases) {
    let intact = false;
    try {
      network ??= await working(setUp);
      const outcome = await runExpectation(network, one.fault, one.at);
      onFault(outcome);
      intact = outcome.grade === 'right' && outcome.problems.length === 0 && (await undo(network, one.fault.undo));
    } catch (error) {
      onFault(notRun(one, messageOf(error)));
    }
    if (!intact) {
      await network?.close();
      network = undefined;
    }
  }
  await network?.close();
}
