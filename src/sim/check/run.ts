// Runs a history: gives the process its input in the order of time, performs what it decides, and asks the invariants after every step.
import type { Attempt, CheckEffect, CheckInput, Outcome } from '../../control/check/messages.js';
import type { Step } from '../../control/machine.js';
import { mix } from '../random.js';
import { type CommonRun, commonRunOf, type DisturbEvent, fail, type Result, runEvents, type Trace } from '../run-events.js';
import { disturb } from './disturb.js';
import type { Disturbance, History } from './history.js';
import type { MakeInvariant } from './invariant.js';
import type { Machine } from './machine.js';
import { takenFrom } from './names.js';
import type { Observation } from './observation.js';
import { describeDisturbance, describeStep } from './print.js';
import { observe } from './verdicts.js';
import { answerOf, applyToTable, localUs, type World, want, withFile, worldOf } from './world.js';

type Event =
  | DisturbEvent<Disturbance>
  | { readonly kind: 'answered'; readonly life: number; readonly attempt: number; readonly outcome: Outcome }
  /** A turn of the event loop: outcomes that were gathered are reported. */
  | { readonly kind: 'turn'; readonly life: number }
  | { readonly kind: 'wake'; readonly number: number }
  /** What the process knows is written down. */
  | { readonly kind: 'flush'; readonly life: number };

/** Changes of health within this time are written down together. */
const GATHER_US = 50_000;
/** Of so many abandoned attempts one has answered already: its outcome is on its way. */
const LATE_ANSWERS = 3;

interface Run<S> extends CommonRun<Event, Observation, Disturbance> {
  readonly history: History;
  readonly machine: Machine<S>;
  readonly world: World;
  state: S;
  /** The number of the wake that counts: earlier ones were replaced. */
  wakeNumber: number;
  /** The number of the process that runs: what an earlier one began is of no process. */
  life: number;
  flushing: boolean;
  stepping: boolean;
  readonly inputs: CheckInput[];
}

function setWake<S>(run: Run<S>, wakeAtUs: number | undefined, woken: boolean): void {
  const { world } = run;
  const at = wakeAtUs === undefined ? undefined : wakeAtUs - world.clockUs;
  // A wake that is asked for again, for the same time, is not delayed a second time.
  if (at === world.wakeAtUs && !woken) return;
  run.wakeNumber++;
  world.wakeAtUs = at;
  if (at === undefined) return;
  const late = mix(run.history.seed, run.steps) % run.history.lateUs;
  run.agenda.add(Math.max(run.nowUs, at + late), { kind: 'wake', number: run.wakeNumber });
}

/** As the process does it: inputs that a step brings about are handled after its effects. */
function feed<S>(run: Run<S>, input: CheckInput): void {
  run.inputs.push(input);
  if (run.stepping) return;
  run.stepping = true;
  for (let next = run.inputs.shift(); next !== undefined; next = run.inputs.shift()) stepOnce(run, next);
  run.stepping = false;
}

function stepOnce<S>(run: Run<S>, input: CheckInput): void {
  const { world } = run;
  if (!world.alive || run.violation !== undefined) return;
  run.steps++;
  const before = world.view;
  const atUs = localUs(world, run.nowUs);
  if (input.kind === 'configure') Object.assign(world, { taken: takenFrom(input.servers), shared: input.settings.sharedChecks });
  if (input.kind === 'stop') world.taken = new Map();
  let step: Step<S, CheckEffect>;
  try {
    step = run.machine.step(run.state, input, atUs);
    world.view = withFile(run.machine.view(step.state), world);
  } catch (error) {
    fail(run, `the machine threw ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    return;
  }
  run.state = step.state;
  setWake(run, step.wakeAtUs, input.kind === 'wake');
  for (const effect of step.effects) fail(run, perform(run, effect));
  const { effects, wakeAtUs } = step;
  const observation = { nowUs: run.nowUs, localUs: atUs, input, before, after: world.view, effects, wakeAtUs };
  observe(world.verdicts, observation);
  run.trace?.(describeStep(observation));
  for (const invariant of run.invariants) fail(run, invariant.stepped?.(observation));
}

/** Carries out an effect; what is wrong with it. */
function perform<S>(run: Run<S>, effect: CheckEffect): string | undefined {
  const { world } = run;
  switch (effect.kind) {
    case 'attempt': {
      const { number } = effect.attempt;
      if (world.running.has(number)) return `attempt ${number} begins twice`;
      world.attempts++;
      world.running.set(number, { attempt: effect.attempt, begunUs: run.nowUs });
      const { afterUs, outcome } = answerOf(world, effect.attempt);
      run.agenda.add(run.nowUs + afterUs, { kind: 'answered', life: run.life, attempt: number, outcome });
      return undefined;
    }
    case 'abandon':
      if (world.gathered.some(({ attempt }) => attempt === effect.attempt)) return undefined;
      return abandoned(run, effect.attempt);
    case 'serve':
      want(world, effect.server, effect.pool);
      return undefined;
    case 'remove':
      want(world, effect.server, undefined);
      return undefined;
    case 'apply':
      feed(run, { kind: 'applied', result: applyToTable(world) });
      return undefined;
    case 'remember':
      if (!run.flushing) run.agenda.add(run.nowUs + GATHER_US, { kind: 'flush', life: run.life });
      run.flushing = true;
      return undefined;
    default:
      return undefined;
  }
}

/** Some attempts end just when they are abandoned. What is wrong. */
function abandoned<S>(run: Run<S>, number: number): string | undefined {
  const running = run.world.running.get(number);
  if (running === undefined) return `attempt ${number} is abandoned, which is not under way`;
  run.world.running.delete(number);
  if (mix(run.history.seed, number) % LATE_ANSWERS === 0) gather(run, running.attempt, { kind: 'failure', text: 'abandoned' });
  return undefined;
}

/** Gives the process an input now, or when it is resumed. */
function give<S>(run: Run<S>, input: CheckInput): void {
  if (!run.world.alive) return;
  if (run.world.paused) run.world.waiting.push(input);
  else feed(run, input);
}

/** An attempt has ended: its outcome is reported with the next turn of the event loop. */
function answered<S>(run: Run<S>, { life, attempt, outcome }: Extract<Event, { kind: 'answered' }>): void {
  const running = life === run.life ? run.world.running.get(attempt) : undefined;
  if (running === undefined) return;
  run.world.running.delete(attempt);
  gather(run, running.attempt, outcome);
}

/** The next turn reports it, with what else is gathered until then. */
function gather<S>({ world, history, agenda, nowUs, life }: Run<S>, { number, checker }: Attempt, outcome: Outcome): void {
  if (world.gathered.length === 0 || history.turnUs === 1) agenda.add(nowUs + history.turnUs, { kind: 'turn', life });
  world.gathered.push({ attempt: number, checker, outcome });
}

/** Reports the outcomes that were gathered. */
function report<S>(run: Run<S>): void {
  const outcomes = run.world.gathered;
  run.world.gathered = [];
  if (outcomes.length > 0) feed(run, { kind: 'outcomes', outcomes });
}

/** The process is no more: its attempts end with it. */
function end<S>(run: Run<S>): void {
  run.life++;
  run.wakeNumber++;
  run.world.gathered = [];
  run.flushing = false;
  const { world } = run;
  thaw(run);
  Object.assign(world, { alive: false, stopping: false, paused: false, waiting: [], wakeAtUs: undefined, view: [], taken: new Map() });
  world.running.clear();
  world.verdicts.clear();
  world.wanted.clear();
}

/** A frozen clock continues from where it stopped: what was due in a second still is. */
function thaw<S>(run: Run<S>): void {
  const { world } = run;
  if (world.frozenAtUs === undefined) return;
  const lastedUs = run.nowUs - world.frozenAtUs;
  world.frozenAtUs = undefined;
  world.clockUs -= lastedUs;
  if (world.wakeAtUs !== undefined) world.wakeAtUs += lastedUs;
}

function resume<S>(run: Run<S>): void {
  const { world } = run;
  const { waiting } = world;
  Object.assign(world, { paused: false, waiting: [] });
  thaw(run);
  const wakeIfDue = (): void => {
    if (world.wakeAtUs !== undefined && world.wakeAtUs <= run.nowUs) feed(run, { kind: 'wake' });
  };
  if (world.timersFirst) wakeIfDue();
  for (const input of waiting) feed(run, input);
  report(run);
  wakeIfDue();
  if (world.wakeAtUs !== undefined) run.agenda.add(Math.max(run.nowUs, world.wakeAtUs), { kind: 'wake', number: ++run.wakeNumber });
}

/** The process writes down what it knows. */
function flush<S>(run: Run<S>): void {
  if (!run.flushing) return;
  run.flushing = false;
  run.world.disk = run.machine.remembered(run.state);
}

function happen<S>(run: Run<S>, what: Disturbance): void {
  run.trace?.(describeDisturbance(run.nowUs, what));
  for (const invariant of run.invariants) fail(run, invariant.disturbed?.(run.nowUs, what));
  disturb(run.world, what, {
    nowUs: run.nowUs,
    give: (input) => give(run, input),
    begin: () => {
      run.state = run.machine.initial();
    },
    end: () => end(run),
    flush: () => flush(run),
    resume: () => resume(run),
  });
}

function handle<S>(run: Run<S>, event: Event): void {
  const { world } = run;
  switch (event.kind) {
    case 'disturb':
      happen(run, event.what);
      break;
    case 'answered':
      answered(run, event);
      break;
    case 'turn':
      if (event.life === run.life && !world.paused) report(run);
      break;
    case 'wake':
      if (event.number === run.wakeNumber && world.alive && !world.paused) feed(run, { kind: 'wake' });
      break;
    case 'flush':
      if (event.life === run.life && world.paused) run.agenda.add(run.nowUs + GATHER_US, event);
      else if (event.life === run.life) flush(run);
  }
}

/** Runs a history to its end or to the first violation. */
export function runHistory<S>(machine: Machine<S>, history: History, makeInvariants: readonly MakeInvariant[], trace?: Trace): Result {
  const world = worldOf(history);
  const invariants = makeInvariants.map((make) => make(world, history));
  const run: Run<S> = {
    ...commonRunOf(history, invariants, trace),
    history,
    machine,
    world,
    state: machine.initial(),
    wakeNumber: 0,
    life: 0,
    flushing: false,
    stepping: false,
    inputs: [],
  };
  return runEvents(run, history.endUs, (event) => handle(run, event));
}
