// Runs a history: gives each node its input in the order of time, delivers what it sends, and asks the invariants after every step.

import type { Step } from '../../control/machine.js';
import type { Effect, Input } from '../../control/vrrp/messages.js';
import type { VrrpInstance } from '../../model/keepalived/instance.js';
import { mix } from '../random.js';
import { type CommonRun, commonRunOf, type DisturbEvent, fail, type Result, runEvents, type Trace } from '../run-events.js';
import { disturb } from './disturb.js';
import type { Disturbance, History } from './history.js';
import { perform } from './host.js';
import type { MakeInvariant, Observation } from './invariant.js';
import type { Machine } from './machine.js';
import { carry, carryHeartbeat } from './network.js';
import { describeDisturbance, describeStep } from './print.js';
import { applyVirtualInterface, isPossible } from './virtual-interfaces.js';
import { type World, type WorldNode, wallOffset, worldOf } from './world.js';

type Event =
  | DisturbEvent<Disturbance>
  | { readonly kind: 'input'; readonly node: number; readonly life: number; readonly input: Input }
  | { readonly kind: 'script'; readonly node: number; readonly life: number; readonly name: string }
  | { readonly kind: 'heartbeat'; readonly node: number; readonly life: number; readonly vrid: number }
  | { readonly kind: 'wake'; readonly node: number; readonly number: number };

/** A socket's buffer: the packets that a paused process receives when it resumes. */
const WAITING_PACKETS = 64;

/** How often the run looks again for an instance that a reload removed. */
const HEARTBEAT_RETRY_US = 1_000_000;
const SCRIPT_TAKES_US = 3_000;
const KERNEL_REPORTS_US = 50;

interface Run<S> extends CommonRun<Event, Observation, Disturbance> {
  readonly history: History;
  readonly machine: Machine<S>;
  readonly world: World;
  readonly states: (S | undefined)[];
  /** By node: the number of the wake that counts (earlier ones were replaced), and of the process that runs. */
  readonly wakeNumbers: number[];
  readonly lives: number[];
}

const local = <S>(run: Run<S>, node: WorldNode): number => run.nowUs + node.clockUs;

function setWake<S>(run: Run<S>, index: number, step: Step<S, Effect>, woken: boolean): void {
  const node = run.world.nodes[index]!;
  const wakeAtUs = step.wakeAtUs === undefined ? undefined : step.wakeAtUs - node.clockUs;
  // A wake that is asked for again, for the same time, is not delayed a second time.
  if (wakeAtUs === node.wakeAtUs && !woken) return;
  const number = ++run.wakeNumbers[index]!;
  node.wakeAtUs = wakeAtUs;
  if (wakeAtUs === undefined) return;
  const late = mix(run.history.seed, run.steps, index) % run.history.lateUs;
  run.agenda.add(Math.max(run.nowUs, wakeAtUs + late), { kind: 'wake', node: index, number });
}

/** Before a step the process notices that the wall clock was set. */
function stepNode<S>(run: Run<S>, index: number, input: Input): void {
  const node = run.world.nodes[index]!;
  const wallOffsetUs = wallOffset(node);
  const moved = node.alive && node.reportedWallUs !== undefined && node.reportedWallUs !== wallOffsetUs;
  node.reportedWallUs = wallOffsetUs;
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
  setWake(run, index, step, input.kind === 'wake');
  for (const effect of step.effects) {
    const wrong = isPossible(node, effect) ? perform(node.host, effect, input, node.unreported) : undefined;
    if (wrong !== undefined) fail(run, `${node.setup.name}: ${wrong}`);
    const received = applyVirtualInterface(node, effect);
    if (received !== undefined)
      run.agenda.add(run.nowUs + KERNEL_REPORTS_US, { kind: 'input', node: index, life: run.lives[index]!, input: received });
    if (effect.kind !== 'send') continue;
    for (const { node: to, afterUs, packet } of carry(run.world, run.history.seed, index, effect)) {
      run.agenda.add(run.nowUs + afterUs, { kind: 'input', node: to, life: run.lives[to]!, input: { kind: 'packet', packet } });
    }
  }
  const observation = { nowUs: run.nowUs, node: index, input, before, after: node.view, effects: step.effects, wakeAtUs: node.wakeAtUs };
  run.trace?.(describeStep(run.world, observation));
  for (const invariant of run.invariants) fail(run, invariant.stepped?.(observation));
}

/** A script ended: gives its outcome, and schedules the next run after its interval. */
function runScript<S>(run: Run<S>, event: Extract<Event, { readonly kind: 'script' }>): void {
  const node = run.world.nodes[event.node]!;
  const script = node.configuration.scripts.find(({ name }) => name === event.name);
  if (script === undefined || event.life !== run.lives[event.node] || !node.alive) return;
  const status = node.scripts.get(event.name) ?? 0;
  if (!node.paused) give(run, event.node, { kind: 'script', name: event.name, outcome: { kind: 'exited', status } });
  run.agenda.add(run.nowUs + script.intervalUs, event);
}

/** An instance sends heartbeats with its state to its peers every advert interval. */
function heartbeat<S>(run: Run<S>, event: Extract<Event, { readonly kind: 'heartbeat' }>): void {
  const node = run.world.nodes[event.node]!;
  const instanceOn = ({ configuration }: WorldNode): VrrpInstance | undefined =>
    configuration.instances.find(({ vrid }) => vrid === event.vrid);
  const instance = instanceOn(node);
  if (event.life !== run.lives[event.node] || !node.alive) return;
  const view = node.view.find(({ name }) => name === instance?.name);
  run.agenda.add(run.nowUs + (instance?.advertUs ?? HEARTBEAT_RETRY_US), event);
  if (node.paused || instance === undefined || view === undefined) return;
  const { state, priority } = view;
  for (const { node: to, afterUs, from } of carryHeartbeat(run.world, run.history.seed, event.node, instance.heartbeat)) {
    const received = instanceOn(run.world.nodes[to]!)?.name;
    if (received === undefined) continue;
    const input: Input = { kind: 'heartbeat', instance: received, from, state, priority };
    run.agenda.add(run.nowUs + afterUs, { kind: 'input', node: to, life: run.lives[to]!, input });
  }
}

const hasRoom = ({ dropsPackets, waiting }: WorldNode): boolean =>
  !dropsPackets && waiting.filter(({ kind }) => kind === 'packet').length < WAITING_PACKETS;

/** Gives an input to a node now, or keeps it until a paused node resumes. */
function give<S>(run: Run<S>, index: number, input: Input): void {
  const node = run.world.nodes[index]!;
  if (!node.alive) return;
  if (!node.paused) stepNode(run, index, input);
  else if (input.kind !== 'packet' || hasRoom(node)) node.waiting.push(input);
}

/** Frozen clocks continue from where they stopped: what was due in a second still is. */
function thaw<S>(run: Run<S>, index: number): void {
  const node = run.world.nodes[index]!;
  if (node.frozenAtUs === undefined) return;
  const lastedUs = run.nowUs - node.frozenAtUs;
  node.frozenAtUs = undefined;
  node.clockUs -= lastedUs;
  node.wallOffUs -= lastedUs;
  if (node.wakeAtUs === undefined) return;
  node.wakeAtUs += lastedUs;
  run.agenda.add(Math.max(run.nowUs, node.wakeAtUs), { kind: 'wake', node: index, number: ++run.wakeNumbers[index]! });
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
  node.unreported = false;
  wakeIfDue();
}

function happen<S>(run: Run<S>, what: Disturbance): void {
  run.trace?.(describeDisturbance(run.world, run.nowUs, what));
  for (const invariant of run.invariants) fail(run, invariant.disturbed?.(run.nowUs, what));
  disturb(run.world, what, {
    nowUs: run.nowUs,
    begin: (index) => {
      run.world.nodes[index]!.reportedWallUs = undefined;
      run.lives[index]!++;
      run.states[index] = run.machine.initial();
      const { scripts, instances } = run.world.nodes[index]!.configuration;
      for (const { vrid, heartbeat } of instances)
        if (heartbeat.length > 0) run.agenda.add(run.nowUs + 1, { kind: 'heartbeat', node: index, life: run.lives[index]!, vrid });
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
  if (event.kind === 'heartbeat') {
    heartbeat(run, event);
    return;
  }
  if (event.kind === 'script') {
    runScript(run, event);
    return;
  }
  const node = run.world.nodes[event.node]!;
  if (event.kind === 'wake') {
    if (event.number === run.wakeNumbers[event.node] && node.alive && !node.paused) stepNode(run, event.node, { kind: 'wake' });
  } else if (event.life === run.lives[event.node]) {
    give(run, event.node, event.input);
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
    states: history.nodes.map(() => undefined),
    wakeNumbers: history.nodes.map(() => 0),
    lives: history.nodes.map(() => 0),
  };
  return runEvents(run, history.endUs, (event) => handle(run, event));
}
