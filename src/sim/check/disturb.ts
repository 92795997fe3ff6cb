// What a disturbance does to the world, and what the process is given of it.
import type { CheckInput } from '../../control/check/messages.js';
import { BFD_NAME } from './configuration.js';
import type { Disturbance } from './history.js';
import type { World } from './world.js';

export interface DisturbTools {
  readonly nowUs: number;
  /** Gives an input to the process now, or when it runs again. */
  readonly give: (input: CheckInput) => void;
  /** A new process begins. */
  readonly begin: () => void;
  /** The process is no more: what it had under way ends with it. */
  readonly end: () => void;
  /** It writes down what it knows, as it does before it stops. */
  readonly flush: () => void;
  readonly resume: () => void;
}

export function disturb(world: World, what: Disturbance, tools: DisturbTools): void {
  switch (what.kind) {
    case 'start':
      if (!world.alive || world.stopping) start(world, tools);
      break;
    case 'stop':
      if (!world.alive || world.stopping) break;
      if (world.paused) resume(world, tools);
      tools.flush();
      Object.assign(world, { stopping: true, keepServers: what.keepServers });
      tools.give({ kind: 'stop', keepServers: what.keepServers });
      break;
    case 'kill':
      tools.end();
      break;
    case 'crash':
      tools.end();
      world.table.clear();
      world.disk = new Map();
      break;
    case 'pause':
      if (!world.alive || world.paused || world.stopping) break;
      Object.assign(world, { paused: true, timersFirst: what.timersFirst, frozenAtUs: what.frozen ? tools.nowUs : undefined });
      break;
    case 'resume':
      resume(world, tools);
      break;
    case 'reload':
      world.configuration = what.configuration;
      if (world.alive && !world.stopping) for (const input of configureInputs(world)) tools.give(input);
      break;
    default:
      change(world, what, tools);
  }
}

function start(world: World, tools: DisturbTools): void {
  tools.end();
  Object.assign(world, { alive: true, stopping: false, keepServers: false });
  tools.begin();
  const { disk } = world;
  const [last, ...first] = configureInputs(world).toReversed();
  for (const input of first.toReversed()) tools.give(input);
  if (last?.kind === 'configure') tools.give({ ...last, chance: [world.seed, 2, 3, 4], hostName: 'director', remembered: disk });
  tools.give({ kind: 'bfd', name: BFD_NAME, up: world.bfds.get(BFD_NAME) ?? true });
}

function resume(world: World, tools: DisturbTools): void {
  if (world.alive && world.paused) tools.resume();
}

/** What the process reads before it takes a file, and the file. */
function configureInputs(world: World): readonly CheckInput[] {
  const { servers, settings } = world.configuration;
  const files = [...world.files].map(([name, value]): CheckInput => ({ kind: 'file', name, value }));
  return [addressesInput(world), ...files, { kind: 'configure', servers, settings }];
}

const addressesInput = ({ addresses }: World): CheckInput => ({
  kind: 'addresses',
  counts: new Map([...addresses].map((id) => [id, 1])),
});

function change(world: World, what: Disturbance, tools: DisturbTools): void {
  switch (what.kind) {
    case 'host':
      world.hosts.set(what.address, what.behaviour);
      break;
    case 'script':
      world.scripts.set(what.name, what.behaviour);
      break;
    case 'file':
      world.files.set(what.name, what.value);
      tools.give({ kind: 'file', name: what.name, value: what.value });
      break;
    case 'bfd':
      world.bfds.set(what.name, what.up);
      tools.give({ kind: 'bfd', name: what.name, up: what.up });
      break;
    case 'address':
      if (what.present) world.addresses.add(what.id);
      else world.addresses.delete(what.id);
      tools.give(addressesInput(world));
      break;
    case 'sockets':
      world.sockets = what.available;
      break;
    case 'lock':
      world.lockHeld = what.held;
      break;
    case 'refuse':
      if (what.refused) world.refusing.add(what.server);
      else world.refusing.delete(what.server);
      break;
  }
}
