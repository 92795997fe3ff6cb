// Runs a lab's steps in order: prints the output of each command and checks it against the expectation.

import { setTimeout as delay } from 'node:timers/promises';
import { WeirError } from '../../model/errors/weir-error.js';
import type { Lab, RunStep, ServedStep, Step, TrafficStep, WaitStep } from '../definition/lab.js';
import type { StepEvidence } from '../judge/evidence.js';
import { type CommandResult, judge, judgeServed, judgeTraffic, type Verdict } from '../judge/judge.js';
import type { RunState } from '../state/run-state.js';
import { isServing, servedBy } from '../topology/sites.js';
import type { Capture } from '../traffic/capture.js';
import { runOnHost } from './hosts.js';

export interface StepContext {
  readonly lab: Lab;
  readonly state: RunState;
  /** Undefined: packets are not captured. */
  readonly capture: Capture | undefined;
  readonly abort: AbortSignal;
  /** Prints a line (without its end) for a person. */
  readonly print: (line: string) => void;
}

/** Where counting began: packets seen, requests served by host. */
interface Mark {
  readonly packets: number;
  readonly served: Readonly<Record<string, number>>;
}

const DEFAULT_SECONDS = 30;
/** How long log lines and packets may arrive after the client has its answer. */
const SETTLE_MS = 5000;
/** How long packets of earlier steps may arrive before counting begins again. */
const MARK_MS = 3000;

const servers = (lab: Lab): readonly string[] =>
  Object.entries(lab.hosts)
    .filter(([, { sites }]) => (sites ?? []).length > 0)
    .map(([host]) => host);

function printResult(result: CommandResult, print: StepContext['print']): void {
  for (const text of [result.stdout, result.stderr]) {
    const trimmed = text.replace(/\n$/, '');
    if (trimmed !== '') trimmed.split('\n').forEach((line) => print(line.trimEnd()));
  }
  if (result.timedOut) print('(ended by its timeout)');
}

async function runStep(step: RunStep, context: StepContext): Promise<StepEvidence> {
  const times = step.times ?? 1;
  context.print(`${step.on}# ${step.command}${times > 1 ? `      (${times} times)` : ''}`);
  const results: CommandResult[] = [];
  for (let done = 0; done < times; done++) {
    const result = await runOnHost(context.state, step.on, step.command, (step.seconds ?? DEFAULT_SECONDS) * 1000, context.abort);
    context.abort.throwIfAborted();
    printResult(result, context.print);
    results.push(result);
  }
  const verdicts = judge(step.expect ?? {}, results);
  return { kind: 'run', on: step.on, command: step.command, results, verdicts };
}

async function waitStep(step: WaitStep, context: StepContext): Promise<StepEvidence> {
  context.print(`${step.on}# ${step.command}      (until it is as expected, at most ${step.seconds} s)`);
  const until = Date.now() + step.seconds * 1000;
  for (;;) {
    const result = await runOnHost(context.state, step.on, step.command, step.seconds * 1000, context.abort);
    context.abort.throwIfAborted();
    const verdicts = judge(step.expect, [result]);
    if (verdicts.every(({ ok }) => ok) || Date.now() > until) {
      printResult(result, context.print);
      return { kind: 'wait', on: step.on, command: step.command, results: [result], verdicts };
    }
    await delay(250, undefined, { signal: context.abort });
  }
}

/** Checks again until every expectation holds or the time is over. */
async function settled(judgeNow: () => Promise<readonly Verdict[]>, abort: AbortSignal): Promise<readonly Verdict[]> {
  const until = Date.now() + SETTLE_MS;
  for (;;) {
    const verdicts = await judgeNow();
    if (verdicts.every(({ ok }) => ok) || Date.now() > until) return verdicts;
    await delay(50, undefined, { signal: abort });
  }
}

async function trafficStep(step: TrafficStep, context: StepContext, mark: Mark): Promise<StepEvidence> {
  const { capture } = context;
  if (capture === undefined) throw new WeirError('capture-missing');
  const verdicts = await settled(async () => judgeTraffic(step.expect, (await capture.packets()).slice(mark.packets)), context.abort);
  return { kind: 'traffic', verdicts };
}

async function servedStep(step: ServedStep, context: StepContext, mark: Mark): Promise<StepEvidence> {
  const count = (): Readonly<Record<string, number>> =>
    Object.fromEntries(servers(context.lab).map((host) => [host, servedBy(context.state.folder, host, mark.served[host] ?? 0).requests]));
  return { kind: 'served', verdicts: await settled(async () => judgeServed(step.expect, count()), context.abort) };
}

/** Until the servers have logged what clients have had; connections that stay open are not waited for. */
async function atRest({ lab, state, abort }: StepContext): Promise<void> {
  const until = Date.now() + MARK_MS;
  const isBusy = async (host: string): Promise<boolean> => {
    const ports = (lab.hosts[host]?.sites ?? []).map(({ port }) => port);
    return isServing(state.hosts[host] ?? '', ports);
  };
  for (const host of servers(lab)) while (Date.now() < until && (await isBusy(host))) await delay(50, undefined, { signal: abort });
}

async function newMark(context: StepContext): Promise<Mark> {
  const { lab, state, capture } = context;
  await atRest(context);
  return {
    packets: (await capture?.packets())?.length ?? 0,
    served: Object.fromEntries(servers(lab).map((host) => [host, servedBy(state.folder, host).requests])),
  };
}

const cut = (text: string): string => {
  const line = text.replace(/\n+/g, ' | ');
  return line.length > 400 ? `${line.slice(0, 397)}...` : line;
};

/** Prints a verdict, unless a command only succeeded. */
function printVerdict(verdict: Verdict, print: StepContext['print']): void {
  if (!verdict.ok) {
    print(`  FAILED  ${verdict.what}: expected ${cut(verdict.expected)}`);
    print(`          got ${cut(verdict.got) || 'nothing'}`);
  } else if (verdict.expected !== 'exit 0') {
    print(`  ok      ${verdict.what}: ${cut(verdict.expected)}`);
  }
}

async function oneStep(step: Step, context: StepContext, mark: Mark): Promise<StepEvidence> {
  switch (step.kind) {
    case 'run':
      return runStep(step, context);
    case 'wait':
      return waitStep(step, context);
    case 'traffic':
      return trafficStep(step, context, mark);
    case 'served':
      return servedStep(step, context, mark);
    case 'mark':
      return { kind: 'mark', verdicts: [] };
  }
}

/** Runs all steps; a failed expectation does not stop them. `record` gets each one's evidence. @throws on abort */
export async function runSteps(context: StepContext, record: (evidence: StepEvidence) => void): Promise<void> {
  let mark: Mark = { packets: 0, served: {} };
  for (const step of context.lab.steps) {
    context.abort.throwIfAborted();
    if (step.say !== undefined) {
      context.print('');
      context.print(step.say);
    }
    const evidence = await oneStep(step, context, mark);
    if (step.kind === 'mark') mark = await newMark(context);
    evidence.verdicts.forEach((verdict) => printVerdict(verdict, context.print));
    record(step.say === undefined ? evidence : { ...evidence, say: step.say });
  }
}
