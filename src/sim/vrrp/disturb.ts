// Applies a disturbance to the world: processes, interfaces, segments, and what other programs or hosts do to a node.
import type { Input } from '../../control/vrrp/messages.js';
import { formatAddress } from '../../model/address-text.js';
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { VrrpInstance } from '../../model/keepalived/instance.js';
import { randomFrom } from '../random.js';
import type { Disturbance } from './history.js';
import { dropDevice, emptyHost } from './host.js';
import { changeOnBase } from './virtual-interfaces.js';
import { factsOf, pathKey, type World, type WorldNode, wallOffset } from './world.js';

/** The actions of the run that a disturbance needs. */
export interface Actions {
  readonly nowUs: number;
  /** A new process starts. */
  readonly begin: (node: number) => void;
  readonly give: (node: number, input: Input) => void;
  readonly resume: (node: number) => void;
}

const configure = (node: WorldNode): Input => ({
  kind: 'configure',
  configuration: node.configuration,
  interfaces: [...node.interfaces.values(), ...[...node.virtuals.values()].map(({ facts }) => facts)],
  wallOffsetUs: wallOffset(node),
});

function end(node: WorldNode): void {
  node.alive = false;
  node.paused = false;
  node.frozenAtUs = undefined;
  node.waiting = [];
  node.unreported = false;
  node.view = [];
  node.wakeAtUs = undefined;
}

function changeInterface(node: WorldNode, index: number, name: string, change: 'up' | 'down' | 'gone', actions: Actions): void {
  const known = node.interfaces.get(name) ?? factsOf(node.setup, index).get(name);
  if (known === undefined) return;
  if (change === 'gone') {
    if (!node.interfaces.delete(name)) return;
    dropDevice(node.host, name, node.configuration.instances);
    node.unreported = true;
    for (const input of changeOnBase(node, name, 'gone')) actions.give(index, input);
    node.unreported = node.paused;
    actions.give(index, { kind: 'interfaceGone', name });
    return;
  }
  const up = change === 'up';
  const present = node.interfaces.get(name);
  if (present?.up === up) return;
  const facts = { ...known, up, index: present === undefined ? known.index + 100 : known.index };
  node.interfaces.set(name, facts);
  actions.give(index, { kind: 'interface', facts });
  for (const input of changeOnBase(node, name, change)) actions.give(index, input);
}

function deleteVirtual(node: WorldNode, index: number, name: string, actions: Actions): void {
  if (!node.virtuals.delete(name)) return;
  dropDevice(node.host, name, []);
  if (node.paused) node.unreported = true;
  actions.give(index, { kind: 'interfaceGone', name });
}

/** All static objects of track groups that are missing. */
const statics = ({ staticsMissing }: WorldNode): Input => ({
  kind: 'statics',
  missing: [...staticsMissing].map((group) => ({ group, text: `route of ${group}` })),
});

const connections = ({ lacksConnections }: WorldNode): Input => ({ kind: 'connections', missing: lacksConnections ? ['peer'] : [] });

function takeAddress(node: WorldNode, index: number, instance: string, actions: Actions): void {
  const held = [...node.host.addresses].find(([, holder]) => holder === instance)?.[0];
  if (held === undefined || !node.alive) return;
  node.host.addresses.delete(held);
  if (node.paused) node.unreported = true;
  const [text = ''] = held.split(' on ');
  const line = node.configuration.instances
    .find(({ name }) => name === instance)
    ?.addresses.find(({ address }) => formatAddress(address) === text);
  actions.give(index, { kind: 'lost', instance, what: 'address', text, noTrack: line?.noTrack ?? false });
}

/** Random bytes, mostly with the VRID of one of the instances. */
function forged(node: WorldNode, device: string, seed: number): Input | undefined {
  const random = randomFrom(seed);
  const instance = random.pick(node.configuration.instances);
  const source = node.interfaces.get(device)?.addresses.find(({ family }) => family === instance.family);
  if (source === undefined) return undefined;
  const header = instance.family === 'inet' ? 20 : 0;
  const bytes = Uint8Array.from({ length: random.between(0, 64) }, () => random.below(256));
  if (bytes.length > header + 2 && random.chance(0.8)) {
    if (header > 0) bytes.set([0x45, 0xc0, 0, bytes.length], 0);
    bytes.set([(instance.version << 4) | 1, instance.vrid], header);
  }
  const words = source.words.map((word, at) => (at === source.words.length - 1 ? word + 77 : word));
  const packet = {
    interface: device,
    source: { ...source, words },
    destination: instance.multicastGroup,
    ttl: 255,
    protocol: 112 as const,
    bytes,
  };
  return { kind: 'packet', packet };
}

/** Old names to new names of instances that are the same before and after: same interface, family, VRID and addressing. */
function renamed(old: KeepalivedConfiguration, now: KeepalivedConfiguration): ReadonlyMap<string, string> {
  const identity = ({ family, vrid, interface: device, unicast, multicastGroup, virtualInterface }: VrrpInstance): string =>
    JSON.stringify([family, vrid, device, unicast === undefined ? multicastGroup : 'unicast', virtualInterface]);
  const names = new Map(old.instances.map((instance) => [identity(instance), instance.name]));
  return new Map(now.instances.map((instance) => [names.get(identity(instance)) ?? instance.name, instance.name]));
}

function load(node: WorldNode, index: number, configuration: KeepalivedConfiguration | undefined, actions: Actions): void {
  node.later = undefined;
  if (configuration === undefined) return;
  const names = renamed(node.configuration, configuration);
  node.view = node.view.map((view) => ({ ...view, name: names.get(view.name) ?? view.name }));
  node.configuration = configuration;
  actions.give(index, configure(node));
}

function harmlessReport(world: World, { node, instance, about }: Extract<Disturbance, { readonly kind: 'harmlessReport' }>): Input {
  const config = world.nodes[node]?.configuration.instances.find(({ name }) => name === instance);
  const address = config?.addresses[0]?.address ?? { family: 'inet', words: [0] };
  switch (about) {
    case 'conflict':
      return { kind: 'conflict', address, mac: '02:00:00:00:00:99', interface: config?.interface ?? '' };
    case 'heartbeat':
      return { kind: 'heartbeat', instance, from: address, state: 'master', priority: 254 };
    case 'filtered':
      return { kind: 'filtered', instance, counts: { ttl: 3, version: 1 } };
    case 'cleared':
      return { kind: 'clearCounters' };
  }
}

function disturbProcess(node: WorldNode, index: number, what: Disturbance, actions: Actions): boolean {
  switch (what.kind) {
    case 'start':
      if (node.alive) return true;
      node.alive = true;
      actions.begin(index);
      actions.give(index, configure(node));
      for (const { name } of node.configuration.processes)
        actions.give(index, { kind: 'process', name, running: node.processes.get(name) ?? 1 });
      if (node.staticsMissing.size > 0) actions.give(index, statics(node));
      if (node.lacksConnections) actions.give(index, connections(node));
      for (const { name } of node.configuration.bfds) actions.give(index, { kind: 'bfd', name, up: !node.bfdsDown.has(name) });
      for (const { name } of node.configuration.files) actions.give(index, { kind: 'file', name, value: node.files.get(name) ?? 0 });
      load(node, index, node.later, actions);
      return true;
    case 'stop':
      if (!node.alive) return true;
      if (node.paused) actions.resume(index);
      actions.give(index, { kind: 'stop' });
      end(node);
      return true;
    case 'kill':
      end(node);
      return true;
    case 'crash':
      end(node);
      node.host = emptyHost();
      node.virtuals.clear();
      return true;
    case 'pause':
      if (!node.alive) return true;
      node.paused = true;
      node.timersFirst = what.timersFirst;
      node.dropsPackets = what.dropsPackets;
      if (what.frozen === true) node.frozenAtUs ??= actions.nowUs;
      return true;
    case 'resume':
      if (node.paused) actions.resume(index);
      load(node, index, node.later, actions);
      return true;
    default:
      return false;
  }
}

/** A tracked object changes. */
function disturbTracked(node: WorldNode, index: number, what: Disturbance, actions: Actions): boolean {
  switch (what.kind) {
    case 'script':
      node.scripts.set(what.name, what.status);
      return true;
    case 'file':
      node.files.set(what.name, what.value);
      actions.give(index, { kind: 'file', name: what.name, value: what.value });
      return true;
    case 'process':
      node.processes.set(what.name, what.value);
      actions.give(index, { kind: 'process', name: what.name, running: what.value });
      return true;
    case 'bfd':
      if (what.up) node.bfdsDown.delete(what.name);
      else node.bfdsDown.add(what.name);
      actions.give(index, { kind: 'bfd', name: what.name, up: what.up });
      return true;
    case 'connections':
      node.lacksConnections = what.missing;
      actions.give(index, connections(node));
      return true;
    case 'static':
      if (what.missing) node.staticsMissing.add(what.group);
      else node.staticsMissing.delete(what.group);
      actions.give(index, statics(node));
      return true;
    default:
      return false;
  }
}

/** Interfaces and their addresses. */
function disturbInterfaces(node: WorldNode, index: number, what: Disturbance, actions: Actions): boolean {
  switch (what.kind) {
    case 'link':
      changeInterface(node, index, what.interface, what.up ? 'up' : 'down', actions);
      return true;
    case 'interfaceGone':
      changeInterface(node, index, what.interface, 'gone', actions);
      return true;
    case 'virtualGone':
      deleteVirtual(node, index, what.interface, actions);
      return true;
    case 'readdress': {
      const facts = node.interfaces.get(what.interface);
      if (facts === undefined) return true;
      node.interfaces.set(what.interface, { ...facts, addresses: what.addresses });
      if (node.paused) node.unreported = true;
      actions.give(index, { kind: 'interface', facts: node.interfaces.get(what.interface)! });
      return true;
    }
    case 'takeAddress':
      takeAddress(node, index, what.instance, actions);
      return true;
    default:
      return false;
  }
}

/** Segments and paths, which belong to no node. */
function disturbNetwork(world: World, what: Disturbance): boolean {
  switch (what.kind) {
    case 'weather':
      world.weather = what.weather;
      return true;
    case 'path': {
      const key = pathKey(what.from, what.to, what.interface);
      if (what.loss === 0) world.losses.delete(key);
      else world.losses.set(key, what.loss);
      return true;
    }
    default:
      return false;
  }
}

export function disturb(world: World, what: Disturbance, actions: Actions): void {
  if (disturbNetwork(world, what) || !('node' in what)) return;
  const node = world.nodes[what.node];
  if (node === undefined) return;
  if ([disturbProcess, disturbInterfaces, disturbTracked].some((take) => take(node, what.node, what, actions))) return;
  switch (what.kind) {
    case 'reload':
      // A paused process reads its file later; one that was killed must first clean up by its old file.
      if (node.paused || (!node.alive && node.host.addresses.size + node.host.others.size > 0)) node.later = what.configuration;
      else load(node, what.node, what.configuration, actions);
      return;
    case 'wallClock':
      node.wallOffUs = what.offS * 1_000_000;
      return;
    case 'harmlessReport':
      actions.give(what.node, harmlessReport(world, what));
      return;
    case 'forgedPacket': {
      const input = forged(node, what.interface, what.seed);
      if (input !== undefined) actions.give(what.node, input);
      return;
    }
    default:
  }
}
