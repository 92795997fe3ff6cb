// Runs a history: hands each node what reaches it in the order of time, carries what it sends, and asks the invariants after every step.

import type { Step } from '../../control/machine.js';
import type { Effect, Input } from '../../control/vrrp/messages.js';
import type { VrrpInstance } from '../../model/keepalived/instance.js';
import { type Agenda, agendaOf } from './agenda.js';
import { disturb } from './disturb.js';
import type { Disturbance, History } from './history.js';
import { perform } from './host.js';
import type { Check, MakeCheck, Violation } from './invariant.js';
import type { Machine } from './machine.js';
import { carry, carryBeat } from './network.js';
import { describeDisturbance, describeStep } from './print.js';
import { mix } from './random.js';
import { isPossible, moveVirtualLink } from './virtual-interfaces.js';
import { type World, type WorldNode, wallOffset, worldOf } from './world.js';

type Event =
  | { readonly kind: 'disturb'; readonly what: Disturbance }
  | { readonly kind: 'input'; readonly node: number; readonly life: number; readonly input: Input }
  | { readonly kind: 'script'; readonly node: number; readonly life: number; readonly name: string }
  | { readonly kind: 'beat'; readonly node: number; readonly life: number; readonly vrid: number }
  | { readonly kind: 'wake'; readonly node: number; readonly promise: number };

export interface Outcome {
  readonly violation: Violation | undefined;
  readonly steps: number;
}

/** A socket's buffer: what a paused process finds when it goes on. */
const WAITING_PACKETS = 64;

/** How often one looks for an instance that a reload took away. */
const BEAT_US = 1_000_000;
const SCRIPT_TAKES_US = 3_000;
const KERNEL_TELLS_US = 50;

interface Run<S> {
  readonly history: History;
  readonly machine: Machine<S>;
  readonly world: World;
  readonly agenda: Agenda<Event>;
  readonly checks: readonly Check[];
  readonly states: (S | undefined)[];
  /** Which of its promises to wake it counts; which life of its process. */
  readonly promises: number[];
  readonly lives: number[];
  readonly trace: ((line: string) => void) | undefined;
  steps: number;
  nowUs: number;
  violation: Violation | undefined;
}

const fail = (run: { readonly nowUs: number; violation: Violation | undefined }, text: string | undefined): void => {
  if (text !== undefined) run.violation ??= { atUs: run.nowUs, text };
};

const local = <S>(run: Run<S>, node: WorldNode): number => run.nowUs + node.clockUs;

function promiseWake<S>(run: Run<S>, index: number, step: Step<S, Effect>, woken: boolean): void {
  const node = run.world.nodes[index]!;
  const wakeAtUs = step.wakeAtUs === undefined ? undefined : step.wakeAtUs - node.clockUs;
  // A promise that stands is kept when it was to be kept: being asked again makes nobody later.
  if (wakeAtUs === node.wakeAtUs && !woken) return;
  const promise = ++run.promises[index]!;
  node.wakeAtUs = wakeAtUs;
  if (wakeAtUs === undefined) return;
  const late = mix(run.history.seed, run.steps, index) % run.history.lateUs;
  run.agenda.add(Math.max(run.nowUs, wakeAtUs + late), { kind: 'wake', node: index, promise });
}

/** Who steps the machine notices first that the wall clock was set. */
function stepNode<S>(run: Run<S>, index: number, input: Input): void {
  const node = run.world.nodes[index]!;
  const wallOffsetUs = wallOffset(node);
  const moved = node.alive && node.toldWallUs !== undefined && node.toldWallUs !== wallOffsetUs;
  node.toldWallUs = wallOffsetUs;
  if (moved && input.kind !== 'configure') stepOnce(run, index, { kind: 'clock', wallOffsetUs });
  stepOnce(run, index, input);
}

function stepOnce<S>(run: Run<S>, index: number, input: Input): void {
  const node = run.world.nodes[index]!;
  const state = run.states[index];
  if (!node.alive || state === undefined || run.violation !== undefined) return;
  run.steps++;
  const before = node.view;
  let step: Step<S, Effect>;
  try {
    step = run.machine.step(state, input, local(run, node));
    node.view = run.machine.view(step.state);
  } catch (error) {
    fail(run, `${node.setup.name} threw ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    return;
  }
  run.states[index] = step.state;
  promiseWake(run, index, step, input.kind === 'wake');
  for (const effect of step.effects) {
    const wrong = isPossible(node, effect) ? perform(node.host, effect, input, node.untold) : undefined;
    if (wrong !== undefined) fail(run, `${node.setup.name}: ${wrong}`);
    const heard = moveVirtualLink(node, effect);
    if (heard !== undefined)
      run.agenda.add(run.nowUs + KERNEL_TELLS_US, { kind: 'input', node: index, life: run.lives[index]!, input: heard });
    if (effect.kind !== 'send') continue;
    for (const { node: to, afterUs, packet } of carry(run.world, run.history.seed, index, effect)) {
      run.agenda.add(run.nowUs + afterUs, { kind: 'input', node: to, life: run.lives[to]!, input: { kind: 'packet', packet } });
    }
  }
  const observation = { nowUs: run.nowUs, node: index, input, before, after: node.view, effects: step.effects, wakeAtUs: node.wakeAtUs };
  run.trace?.(describeStep(run.world, observation));
  for (const check of run.checks) {
    const wrong = check.stepped?.(observation);
    if (wrong !== undefined) fail(run, wrong);
  }
}

/** A script has run: its outcome now, its next run after its interval. */
function runScript<S>(run: Run<S>, event: Extract<Event, { readonly kind: 'script' }>): void {
  const node = run.world.nodes[event.node]!;
  const script = node.configuration.scripts.find(({ name }) => name === event.name);
  if (script === undefined || event.life !== run.lives[event.node] || !node.alive) return;
  const status = node.scripts.get(event.name) ?? 0;
  if (!node.paused) give(run, event.node, { kind: 'script', name: event.name, outcome: { kind: 'exited', status } });
  run.agenda.add(run.nowUs + script.intervalUs, event);
}

/** An instance tells its peers over the second link what it is, every advert interval. */
function beat<S>(run: Run<S>, event: Extract<Event, { readonly kind: 'beat' }>): void {
  const node = run.world.nodes[event.node]!;
  const instanceOn = ({ configuration }: WorldNode): VrrpInstance | undefined =>
    configuration.instances.find(({ vrid }) => vrid === event.vrid);
  const instance = instanceOn(node);
  if (event.life !== run.lives[event.node] || !node.alive) return;
  const view = node.view.find(({ name }) => name === instance?.name);
  run.agenda.add(run.nowUs + (instance?.advertUs ?? BEAT_US), event);
  if (node.paused || instance === undefined || view === undefined) return;
  const { state, priority } = view;
  for (const { node: to, afterUs, from } of carryBeat(run.world, run.history.seed, event.node, instance.heartbeat)) {
    const heard = instanceOn(run.world.nodes[to]!)?.name;
    if (heard === undefined) continue;
    const input: Input = { kind: 'heartbeat', instance: heard, from, state, priority };
    run.agenda.add(run.nowUs + afterUs, { kind: 'input', node: to, life: run.lives[to]!, input });
  }
}

const hasRoom = ({ deaf, waiting }: WorldNode): boolean =>
  !deaf && waiting.filter(({ kind }) => kind === 'packet').length < WAITING_PACKETS;

/** Hands an input to a node now, or keeps it until a paused one goes on. */
function give<S>(run: Run<S>, index: number, input: Input): void {
  const node = run.world.nodes[index]!;
  if (!node.alive) return;
  if (!node.paused) stepNode(run, index, input);
  else if (input.kind !== 'packet' || hasRoom(node)) node.waiting.push(input);
}

/** The clocks go on from where they stood: what was to happen in a second still is. */
function thaw<S>(run: Run<S>, index: number): void {
  const node = run.world.nodes[index]!;
  if (node.frozenAtUs === undefined) return;
  const lastedUs = run.nowUs - node.frozenAtUs;
  node.frozenAtUs = undefined;
  node.clockUs -= lastedUs;
  node.wallOffUs -= lastedUs;
  if (node.wakeAtUs === undefined) return;
  node.wakeAtUs += lastedUs;
  run.agenda.add(Math.max(run.nowUs, node.wakeAtUs), { kind: 'wake', node: index, promise: ++run.promises[index]! });
}

function resume<S>(run: Run<S>, index: number): void {
  const node = run.world.nodes[index]!;
  const waiting = node.waiting;
  node.waiting = [];
  node.paused = false;
  thaw(run, index);
  const wakeIfDue = (): void => {
    if (node.wakeAtUs !== undefined && node.wakeAtUs <= run.nowUs) stepNode(run, index, { kind: 'wake' });
  };
  if (node.timersFirst) wakeIfDue();
  for (const input of waiting) stepNode(run, index, input);
  node.untold = false;
  wakeIfDue();
}

function happen<S>(run: Run<S>, what: Disturbance): void {
  run.trace?.(describeDisturbance(run.world, run.nowUs, what));
  for (const check of run.checks) fail(run, check.disturbed?.(run.nowUs, what));
  disturb(run.world, what, {
    nowUs: run.nowUs,
    begin: (index) => {
      run.world.nodes[index]!.toldWallUs = undefined;
      run.lives[index]!++;
      run.states[index] = run.machine.initial();
      const { scripts, instances } = run.world.nodes[index]!.configuration;
      for (const { vrid, heartbeat } of instances)
        if (heartbeat.length > 0) run.agenda.add(run.nowUs + 1, { kind: 'beat', node: index, life: run.lives[index]!, vrid });
      for (const { name } of scripts)
        run.agenda.add(run.nowUs + SCRIPT_TAKES_US, { kind: 'script', node: index, life: run.lives[index]!, name });
    },
    give: (index, input) => give(run, index, input),
    resume: (index) => resume(run, index),
  });
}

function handle<S>(run: Run<S>, event: Event): void {
  if (event.kind === 'disturb') {
    happen(run, event.what);
    return;
  }
  if (event.kind === 'beat') {
    beat(run, event);
    return;
  }
  if (event.kind === 'script') {
    runScript(run, event);
    return;
  }
  const node = run.world.nodes[event.node]!;
  if (event.kind === 'wake') {
    if (event.promise === run.promises[event.node] && node.alive && !node.paused) stepNode(run, event.node, { kind: 'wake' });
  } else if (event.life === run.lives[event.node]) {
    give(run, event.node, event.input);
  }
}

/** Runs a history to its end or to the first violation. `trace` gets one line an event. */
export function runHistory<S>(
  machine: Machine<S>,
  history: History,
  makeChecks: readonly MakeCheck[],
  trace?: (line: string) => void,
): Outcome {
  const world = worldOf(history);
  const run: Run<S> = {
    history,
    machine,
    world,
    agenda: agendaOf<Event>(),
    checks: makeChecks.map((make) => make(world, history)),
    states: history.nodes.map(() => undefined),
    promises: history.nodes.map(() => 0),
    lives: history.nodes.map(() => 0),
    trace,
    steps: 0,
    nowUs: 0,
    violation: undefined,
  };
  for (const { atUs, what } of history.events) run.agenda.add(atUs, { kind: 'disturb', what });
  while (run.violation === undefined) {
    const next = run.agenda.next();
    run.nowUs = Math.min(next?.atUs ?? history.endUs, history.endUs);
    for (const check of run.checks) fail(run, check.passed?.(run.nowUs));
    if (next === undefined || next.atUs > history.endUs) break;
    handle(run, next.what);
  }
  return { violation: run.violation, steps: run.steps };
}
