// Runs a lab's steps one after the other: shows what a person would see and judges it.

import { setTimeout as delay } from 'node:timers/promises';
import { WeirError } from '../../model/errors/weir-error.js';
import type { Lab, RunStep, ServedStep, Step, TrafficStep, WaitStep } from '../definition/lab.js';
import type { StepEvidence } from '../judge/evidence.js';
import { type CommandResult, judge, judgeServed, judgeTraffic, type Verdict } from '../judge/judge.js';
import type { RunState } from '../state/run-state.js';
import { servedBy } from '../topology/sites.js';
import type { Capture } from '../traffic/capture.js';
import { runOnHost } from './hosts.js';

export interface StepContext {
  readonly lab: Lab;
  readonly state: RunState;
  /** Absent: nothing is captured. */
  readonly capture: Capture | undefined;
  readonly abort: AbortSignal;
  /** Prints a line (without its end) for a person. */
  readonly say: (line: string) => void;
}

/** Where counting began: packets seen, requests served by host. */
interface Mark {
  readonly packets: number;
  readonly served: Readonly<Record<string, number>>;
}

const DEFAULT_SECONDS = 30;
/** Servers write their logs, and links deliver, a moment after the client has its answer. */
const SETTLE_MS = 2000;

const servers = (lab: Lab): readonly string[] =>
  Object.entries(lab.hosts)
    .filter(([, { sites }]) => (sites ?? []).length > 0)
    .map(([host]) => host);

function sayResult(result: CommandResult, say: StepContext['say']): void {
  for (const text of [result.stdout, result.stderr]) {
    const trimmed = text.replace(/\n$/, '');
    if (trimmed !== '') trimmed.split('\n').forEach((line) => say(line.trimEnd()));
  }
  if (result.timedOut) say('(ended: its time was over)');
}

async function runStep(step: RunStep, context: StepContext): Promise<StepEvidence> {
  const times = step.times ?? 1;
  context.say(`${step.on}# ${step.command}${times > 1 ? `      (${times} times)` : ''}`);
  const results: CommandResult[] = [];
  for (let done = 0; done < times; done++) {
    const result = await runOnHost(context.state, step.on, step.command, (step.seconds ?? DEFAULT_SECONDS) * 1000, context.abort);
    context.abort.throwIfAborted();
    sayResult(result, context.say);
    results.push(result);
  }
  const verdicts = judge(step.expect ?? {}, results);
  return { kind: 'run', on: step.on, command: step.command, results, verdicts };
}

async function waitStep(step: WaitStep, context: StepContext): Promise<StepEvidence> {
  context.say(`${step.on}# ${step.command}      (until it is so, at most ${step.seconds} s)`);
  const until = Date.now() + step.seconds * 1000;
  for (;;) {
    const result = await runOnHost(context.state, step.on, step.command, step.seconds * 1000, context.abort);
    context.abort.throwIfAborted();
    const verdicts = judge(step.expect, [result]);
    if (verdicts.every(({ ok }) => ok) || Date.now() > until) {
      sayResult(result, context.say);
      return { kind: 'wait', on: step.on, command: step.command, results: [result], verdicts };
    }
    await delay(250, undefined, { signal: context.abort });
  }
}

/** Judges again until all holds or nothing more can be on its way. */
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

async function newMark({ lab, state, capture }: StepContext): Promise<Mark> {
  return {
    packets: (await capture?.packets())?.length ?? 0,
    served: Object.fromEntries(servers(lab).map((host) => [host, servedBy(state.folder, host).requests])),
  };
}

const cut = (text: string): string => {
  const line = text.replace(/\n+/g, ' | ');
  return line.length > 400 ? `${line.slice(0, 397)}...` : line;
};

/** A verdict for a person; that a command simply succeeded needs no words. */
function sayVerdict(verdict: Verdict, say: StepContext['say']): void {
  if (!verdict.ok) {
    say(`  FAILED  ${verdict.what}: expected ${cut(verdict.expected)}`);
    say(`          got ${cut(verdict.got) || 'nothing'}`);
  } else if (verdict.expected !== 'exit 0') {
    say(`  ok      ${verdict.what}: ${cut(verdict.expected)}`);
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
      context.say('');
      context.say(step.say);
    }
    const evidence = await oneStep(step, context, mark);
    if (step.kind === 'mark') mark = await newMark(context);
    evidence.verdicts.forEach((verdict) => sayVerdict(verdict, context.say));
    record(step.say === undefined ? evidence : { ...evidence, say: step.say });
  }
}
