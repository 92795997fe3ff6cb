// Only a master's host has its addresses and their drop rules; adverts, addresses and announcements come in this order.
import type { Effect } from '../../../control/vrrp/messages.js';
import type { VrrpInstance } from '../../../model/keepalived/instance.js';
import { seeAdvert } from '../advert.js';
import { addressKey, dropKey, isVirtualInterface, routeKey, ruleKey, virtualInterfaceKey, virtualInterfaceOf } from '../host.js';
import { type MakeInvariant, type Observation, sameStates, stateOf } from '../invariant.js';
import type { WorldNode } from '../world.js';

const linesOf = (instance: VrrpInstance) => [...instance.addresses, ...instance.excludedAddresses];

const difference = (wanted: ReadonlySet<string>, got: ReadonlySet<string>): string =>
  [
    ...[...wanted].filter((key) => !got.has(key)).map((key) => `${key} is missing`),
    ...[...got].filter((key) => !wanted.has(key)).map((key) => `${key} should not be there`),
  ].join(', ');

/** Everything that a master of an instance has on its host. */
function resources(instance: VrrpInstance): readonly string[] {
  const lines = linesOf(instance);
  const device = virtualInterfaceOf(instance) ?? instance.interface ?? '';
  const silent = !instance.accept && instance.priority !== 255;
  return [
    ...lines.map((line) => addressKey(line, device)),
    ...instance.routes.map(routeKey),
    ...instance.rules.map(ruleKey),
    ...(silent ? lines.map(({ address }) => dropKey(address)) : []),
  ];
}

function wrongOnHost(node: WorldNode, { after }: Observation): string | undefined {
  const masters = node.configuration.instances.filter(({ name }) => stateOf(after, name) === 'master');
  const present = [...node.host.addresses.keys(), ...[...node.host.others.keys()].filter((key) => !isVirtualInterface(key))];
  const wrong = difference(new Set(masters.flatMap(resources)), new Set(present));
  if (wrong !== '') return `${node.setup.name} is master of [${masters.map(({ name }) => name).join(' ')}], but ${wrong}`;
  const needy = masters.find(
    (instance) =>
      virtualInterfaceOf(instance) !== undefined && !node.host.others.has(virtualInterfaceKey(virtualInterfaceOf(instance) ?? '')),
  );
  return needy === undefined ? undefined : `${node.setup.name} is master of ${needy.name} without its virtual interface`;
}

const isAdvert = (effect: Effect): boolean =>
  effect.kind === 'send' && (seeAdvert(effect.payload, effect.protocol, effect.source.family)?.priority ?? 0) > 0;

function wrongOrder(node: WorldNode, { before, after, effects }: Observation): string | undefined {
  for (const { name, state } of after) {
    if (state !== 'master' || stateOf(before, name) === 'master') continue;
    const own = effects.filter((effect) => 'instance' in effect && effect.instance === name);
    const advert = own.findIndex(isAdvert);
    const add = own.findIndex((effect) => effect.kind === 'addresses' && effect.action === 'add');
    const announce = own.findIndex(({ kind }) => kind === 'announce');
    const prefix = `${node.setup.name} becomes master of ${name}`;
    if (advert < 0) return `${prefix} without an advert`;
    if (add >= 0 && add < advert) return `${prefix} and adds addresses before it advertises`;
    if (announce >= 0 && announce < add) return `${prefix} and announces addresses before they are there`;
    if (add >= 0 && announce < 0) return `${prefix} and announces nothing`;
  }
  return undefined;
}

function wrongNotify({ before, after, effects }: Observation): string | undefined {
  for (const { name, state } of after) {
    if (stateOf(before, name) === state || state === 'init') continue;
    const notified = effects.filter((effect) => effect.kind === 'notify' && effect.type === 'INSTANCE' && effect.name === name);
    const last = notified.findLast((effect) => effect.kind === 'notify' && /^(?:MASTER|BACKUP|FAULT)$/.test(effect.event));
    if (last?.kind !== 'notify' || last.event !== state.toUpperCase())
      return `${name} became ${state} and notified ${last?.kind === 'notify' ? last.event : 'nothing'}`;
  }
  return undefined;
}

export const hostState: MakeInvariant = (world) => ({
  stepped: (observation) => {
    const node = world.nodes[observation.node]!;
    const { before, after, effects, input } = observation;
    const same = sameStates(before, after);
    // Host resources change only with states, effects and configurations.
    if (same && input.kind !== 'configure' && effects.every(({ kind }) => kind === 'send' || kind === 'log')) return undefined;
    return (
      (node.unreported ? undefined : wrongOnHost(node, observation)) ??
      (same ? undefined : (wrongOrder(node, observation) ?? wrongNotify(observation)))
    );
  },
});

/** A process that was stopped leaves no resources and asks for no wake. */
export const cleanStop: MakeInvariant = (world) => ({
  stepped: ({ node: index, input, wakeAtUs }) => {
    const node = world.nodes[index]!;
    if (input.kind !== 'stop') return undefined;
    const left = [...node.host.addresses.keys(), ...node.host.others.keys()];
    if (left.length > 0) return `${node.setup.name} stopped and left ${left.join(', ')}`;
    return wakeAtUs === undefined ? undefined : `${node.setup.name} stopped and wants to be woken`;
  },
});
