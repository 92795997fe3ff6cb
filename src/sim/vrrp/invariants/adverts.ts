// Adverts are sent by masters only, every interval, with the effective priority and the instance's addresses.
import type { Effect } from '../../../control/vrrp/messages.js';
import { formatAddress } from '../../../model/address-text.js';
import { addressId, sameAddress } from '../../../model/identity.js';
import { IpProtocol } from '../../../model/ip-protocol.js';
import type { VrrpInstance } from '../../../model/keepalived/instance.js';
import { type SeenAdvert, seeAdvert } from '../advert.js';
import { type MakeInvariant, type Observation, stateOf } from '../invariant.js';
import type { World, WorldNode } from '../world.js';
import { slackUs } from './bounds.js';

type Send = Extract<Effect, { readonly kind: 'send' }>;

const sendInterval = ({ advertUs, fast }: VrrpInstance): number => Math.min(advertUs, fast?.intervalUs ?? advertUs);

function wrongContent(node: WorldNode, instance: VrrpInstance, send: Send, advert: SeenAdvert): string | undefined {
  const own = node.interfaces.get(instance.interface ?? '')?.addresses ?? [];
  const of = (list: readonly { readonly address: Parameters<typeof addressId>[0] }[]): string =>
    list
      .map(({ address }) => addressId(address))
      .sort()
      .join();
  const same =
    advert.addresses.map(addressId).sort().join() === of(instance.addresses.filter(({ address }) => address.family === instance.family));
  if (advert.version !== instance.version || advert.vrid !== instance.vrid) return `version ${advert.version} VRID ${advert.vrid}`;
  if (!same) return `addresses ${advert.addresses.map(formatAddress).join(' ')}`;
  if (advert.intervalUs !== instance.advertUs) return `interval ${advert.intervalUs}`;
  // Priority 0 of a node that lost its address may still have it as its source.
  if (!node.unreported && advert.priority > 0 && !own.some((address) => sameAddress(address, send.source)))
    return `source ${formatAddress(send.source)}`;
  const targets = instance.unicast?.peers.map(({ address }) => address) ?? [instance.multicastGroup];
  if (!targets.some((address) => sameAddress(address, send.destination))) return `destination ${formatAddress(send.destination)}`;
  if (send.ttl !== (instance.unicast?.ttl ?? 255)) return `TTL ${send.ttl}`;
  if (send.protocol !== (instance.authentication.kind === 'ah' ? IpProtocol.ah : IpProtocol.vrrp)) return `protocol ${send.protocol}`;
  return undefined;
}

function wrongSend(node: WorldNode, { input, before, after }: Observation, send: Send): string | undefined {
  const instance = node.configuration.instances.find(({ name }) => name === send.instance);
  const advert = seeAdvert(send.payload, send.protocol, send.source.family);
  const who = `${node.setup.name} sends for ${send.instance}`;
  if (advert === undefined) return `${who} what is no advert`;
  if (input.kind === 'configure' || instance === undefined) return undefined;
  const [was, is] = [stateOf(before, send.instance), stateOf(after, send.instance)];
  const wrong = wrongContent(node, instance, send, advert);
  if (wrong !== undefined) return `${who} an advert with ${wrong}`;
  if (advert.priority === 0) return was === 'master' ? undefined : `${who} priority 0 without having been master`;
  const lastWord = was === 'master' && is === 'backup' && instance.higherPrioritySendAdvert;
  if (is !== 'master' && !lastWord) return `${who} an advert as ${is}`;
  const priorities = [...before, ...after].filter(({ name }) => name === send.instance).map(({ priority }) => priority);
  return priorities.includes(advert.priority) ? undefined : `${who} priority ${advert.priority}, effective is ${priorities.at(-1)}`;
}

const isGoodbye = ({ payload, protocol, source }: Send): boolean => seeAdvert(payload, protocol, source.family)?.priority === 0;

/** Without priority 0 the backups must wait for a down time. */
function wrongFarewell(node: WorldNode, { input, before, after, effects }: Observation): string | undefined {
  for (const { name, state } of before) {
    const is = input.kind === 'stop' ? 'stopped' : stateOf(after, name);
    const device = node.configuration.instances.find((instance) => instance.name === name)?.interface;
    const up = !node.unreported && (device === undefined || node.interfaces.get(device)?.up === true);
    if (state !== 'master' || (is !== 'fault' && is !== 'stopped' && is !== undefined) || !up) continue;
    const zero = effects.some((effect) => effect.kind === 'send' && effect.instance === name && isGoodbye(effect));
    if (!zero) return `${node.setup.name} leaves ${name} (${is ?? 'removed'}) without an advert of priority 0`;
  }
  return undefined;
}

/**
 * Per node and instance: when the last advert was sent; absent: no master, or its clock was disturbed. `loose`: the next one may come
 * early, because it keeps its time after a late one.
 */
type LastSent = Map<string, { readonly atUs: number; readonly loose: boolean }>;

const keyOf = (node: number, instance: string): string => `${node}/${instance}`;

function tooRare(world: World, sent: LastSent, nowUs: number, slack: number): string | undefined {
  for (const [index, node] of world.nodes.entries()) {
    if (!node.alive || node.paused) continue;
    for (const instance of node.configuration.instances) {
      const last = sent.get(keyOf(index, instance.name));
      if (last !== undefined && nowUs - last.atUs > sendInterval(instance) + slack)
        return `${node.setup.name} is master of ${instance.name} and has sent nothing for ${nowUs - last.atUs} us`;
    }
  }
  return undefined;
}

function noteSends(world: World, sent: LastSent, observation: Observation, slack: number): string | undefined {
  const { node: index, nowUs, input, before, after, effects } = observation;
  const node = world.nodes[index]!;
  for (const instance of node.configuration.instances) {
    const key = keyOf(index, instance.name);
    // Priority 0 at a reload may be of another instance, which had this name until then.
    const sends = effects.some((effect) => effect.kind === 'send' && effect.instance === instance.name && !isGoodbye(effect));
    const last = sent.get(key);
    if (stateOf(after, instance.name) !== 'master' || input.kind === 'stop') sent.delete(key);
    else if (sends) {
      const gap = last === undefined || last.loose ? Number.POSITIVE_INFINITY : nowUs - last.atUs;
      if (input.kind === 'wake' && gap < sendInterval(instance) - slack)
        return `${node.setup.name} is master of ${instance.name} and sends again after ${gap} us`;
      sent.set(key, { atUs: nowUs, loose: last === undefined && stateOf(before, instance.name) === 'master' });
    } else if (input.kind === 'configure') sent.delete(key);
  }
  return undefined;
}

export const adverts: MakeInvariant = (world, history) => {
  const slack = slackUs(history);
  const sent: LastSent = new Map();
  return {
    passed: (nowUs) => tooRare(world, sent, nowUs, slack),
    disturbed: (_nowUs, what) => {
      if ('node' in what && /^(?:pause|resume|kill|crash|stop|start)$/.test(what.kind))
        for (const { name } of world.nodes[what.node]!.configuration.instances) sent.delete(keyOf(what.node, name));
      return undefined;
    },
    stepped: (observation) => {
      const node = world.nodes[observation.node]!;
      for (const effect of observation.effects) {
        const wrong = effect.kind === 'send' ? wrongSend(node, observation, effect) : undefined;
        if (wrong !== undefined) return wrong;
      }
      return wrongFarewell(node, observation) ?? noteSends(world, sent, observation, slack);
    },
  };
};
