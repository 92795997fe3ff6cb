// A history as text: one line per event; for a node's step its input, its effects and the states that changed.
import type { Effect, Input } from '../../control/vrrp/messages.js';
import { formatAddress } from '../../model/address-text.js';
import type { AdvertProtocol } from '../../model/ip-protocol.js';
import { seeAdvert } from './advert.js';
import type { Disturbance, History } from './history.js';
import type { Observation } from './invariant.js';
import type { World } from './world.js';

const seconds = (us: number): string => (us / 1_000_000).toFixed(6).padStart(12);
const percent = (share: number): string => `${Math.round(share * 100)}%`;

const advertText = (payload: Uint8Array, protocol: AdvertProtocol, family: 'inet' | 'inet6'): string => {
  const advert = seeAdvert(payload, protocol, family);
  return advert === undefined ? `${payload.length} bytes` : `VRID ${advert.vrid} prio ${advert.priority} v${advert.version}`;
};

function inputText(input: Input): string {
  switch (input.kind) {
    case 'packet': {
      const { packet } = input;
      const payload = packet.source.family === 'inet' ? packet.bytes.subarray(20) : packet.bytes;
      return `receives from ${formatAddress(packet.source)} on ${packet.interface}: ${advertText(payload, packet.protocol, packet.source.family)}`;
    }
    case 'interface':
      return `sees ${input.facts.name} ${input.facts.up ? 'up' : 'down'}`;
    case 'interfaceGone':
      return `sees ${input.name} gone`;
    case 'script':
      return `script ${input.name}: ${JSON.stringify(input.outcome)}`;
    case 'file':
      return `file ${input.name}: ${input.value ?? 'nothing'}`;
    case 'process':
      return `process ${input.name}: ${input.running}`;
    case 'bfd':
      return `BFD ${input.name} ${input.up ? 'up' : 'down'}`;
    case 'connections':
      return `connections ${input.missing.length === 0 ? 'complete' : 'missing'}`;
    case 'heartbeat':
      return `heartbeat for ${input.instance}: ${input.state} ${input.priority}`;
    case 'lost':
      return `lost ${input.what} ${input.text} of ${input.instance}`;
    default:
      return input.kind;
  }
}

function effectText(effect: Effect): string {
  switch (effect.kind) {
    case 'send':
      return `sends ${effect.instance} ${advertText(effect.payload, effect.protocol, effect.source.family)} to ${formatAddress(effect.destination)}`;
    case 'addresses':
      return `${effect.action}s ${effect.addresses.map(({ address }) => formatAddress(address)).join(' ')}`;
    case 'firewall':
      return `${effect.action}s ${effect.addresses.map(({ address }) => formatAddress(address)).join(' ')}`;
    case 'announce':
      return `announces ${effect.entries.length}`;
    case 'notify':
      return `notifies ${effect.type} ${effect.name} ${effect.event}`;
    case 'log':
      return `"${effect.text}"`;
    default:
      return effect.kind;
  }
}

/** One line: time, node, input, changed states, effects. */
export function describeStep(world: World, { nowUs, node, input, before, after, effects, wakeAtUs }: Observation): string {
  const changes = after.flatMap((view) => {
    const old = before.find(({ name }) => name === view.name);
    if (old?.state === view.state && old.priority === view.priority) return [];
    return [`${view.name} ${old?.state ?? '-'}>${view.state}${old?.priority === view.priority ? '' : ` prio ${view.priority}`}`];
  });
  const wake = wakeAtUs === undefined ? 'sleeps' : `wake +${((wakeAtUs - nowUs) / 1000).toFixed(3)}ms`;
  const parts = [inputText(input), ...changes.map((change) => `[${change}]`), ...effects.map(effectText), wake];
  return `${seconds(nowUs)}  ${world.nodes[node]?.setup.name ?? node}  ${parts.join('; ')}`;
}

const pathText = (loss: number): string => (loss === 0 ? 'open' : loss === 1 ? 'cut' : `${percent(loss)} lost`);

function disturbanceText(name: (node: number) => string, what: Disturbance): string {
  switch (what.kind) {
    case 'weather': {
      const { loss, duplicate, minUs, maxUs } = what.weather;
      return `weather: ${percent(loss)} lost, ${percent(duplicate)} twice, ${minUs}-${maxUs} us`;
    }
    case 'path':
      return `${pathText(what.loss)} ${name(what.from)} > ${name(what.to)} on ${what.interface}`;
    case 'link':
      return `${name(what.node)}: link ${what.interface} ${what.up ? 'up' : 'down'}`;
    case 'interfaceGone':
      return `${name(what.node)}: ${what.interface} is removed`;
    case 'reload':
      return `${name(what.node)}: reload, ${what.what}`;
    case 'script':
      return `${name(what.node)}: script ${what.name} will exit with ${what.status}`;
    case 'file':
    case 'process':
      return `${name(what.node)}: ${what.kind} ${what.name} = ${what.value}`;
    case 'readdress':
      return `${name(what.node)}: ${what.interface} has ${what.addresses.map(formatAddress).join(' ')}`;
    case 'pause':
      if (what.frozen === true) return `${name(what.node)}: the host and its clocks stand still`;
      return `${name(what.node)}: ${what.dropsPackets ? 'the whole host stands still' : 'pause'}`;
    case 'harmlessReport':
      return `${name(what.node)}: ${what.about} for ${what.instance}`;
    case 'takeAddress':
      return `${name(what.node)}: another program removes an address of ${what.instance}`;
    case 'wallClock':
      return `${name(what.node)}: the wall clock is ${what.offS} s off`;
    case 'virtualGone':
      return `${name(what.node)}: ${what.interface} is deleted`;
    case 'static':
      return `${name(what.node)}: a static object of ${what.group} is ${what.missing ? 'missing' : 'there again'}`;
    case 'connections':
      return `${name(what.node)}: connections of peers are ${what.missing ? 'missing' : 'complete'}`;
    case 'bfd':
      return `${name(what.node)}: BFD ${what.name} ${what.up ? 'up' : 'down'}`;
    default:
      return `${name(what.node)}: ${what.kind}`;
  }
}

export const describeDisturbance = (world: World, nowUs: number, what: Disturbance): string =>
  `${seconds(nowUs)}  -- ${disturbanceText((node) => world.nodes[node]?.setup.name ?? String(node), what)}`;

/** The nodes before anything happens: one line per instance. */
export function describeSetup(history: History): readonly string[] {
  return history.nodes.flatMap(({ name, configuration }) => [
    ...configuration.instances.map((instance) => {
      const parts = [
        `v${instance.version} ${instance.family} VRID ${instance.vrid} on ${instance.interface ?? '-'}`,
        `prio ${instance.priority}, every ${instance.advertUs / 1000} ms, ${instance.downTimerAdverts} missed`,
        instance.unicast === undefined
          ? 'multicast'
          : `unicast to ${instance.unicast.peers.map(({ address }) => formatAddress(address)).join(' ')}`,
        `auth ${instance.authentication.kind}`,
        ...(instance.initialState === 'master' ? ['state MASTER'] : []),
        ...(instance.nopreempt ? ['nopreempt'] : []),
        ...(instance.preemptDelayUs > 0 ? [`preempt_delay ${instance.preemptDelayUs / 1_000_000}`] : []),
        ...(instance.lowerPriorityNoAdvert ? ['lower_prio_no_advert'] : []),
        ...(instance.higherPrioritySendAdvert ? ['higher_prio_send_advert'] : []),
        ...(instance.fast === undefined ? [] : [`fast ${instance.fast.intervalUs} us x ${instance.fast.missed}`]),
        ...(instance.accept ? [] : ['no_accept']),
        ...instance.track.scripts.map((tracked) => `script ${tracked.name} weight ${tracked.weight ?? '-'}`),
      ];
      return `${name}: ${instance.name} ${parts.join(', ')}`;
    }),
    ...configuration.syncGroups.map((group) => `${name}: sync group ${group.name} of ${group.members.join(' ')}`),
  ]);
}
