// How a master reacts to another master's advert, row by row of the state table, and that preempt_delay is waited for.
import type { Address } from '../../../model/address.js';
import type { VrrpInstance } from '../../../model/keepalived/instance.js';
import { seeAdvert } from '../advert.js';
import { type MakeInvariant, type Observation, stateOf } from '../invariant.js';
import { downOf, slackUs } from './bounds.js';
import { isOf, type NodeAdvert, nodeAdvert } from './node-advert.js';

const priorityOf = (view: Observation['before'], name: string): number => view.find((each) => each.name === name)?.priority ?? 0;

/** Positive: the first address is the higher one. */
const higher = (a: Address, b: Address): number => a.words.map((word, at) => word - (b.words[at] ?? 0)).find((order) => order !== 0) ?? 0;

/** Packets that may be refused because of earlier ones. */
const counted = ({ authentication }: VrrpInstance): boolean => authentication.kind === 'ah' || authentication.kind === 'hmac';

function wrongAnswer(
  observation: Observation,
  instance: VrrpInstance,
  { advert, source }: NodeAdvert,
  own: Address | undefined,
): string | undefined {
  const { before, after, effects } = observation;
  const { name } = instance;
  const [mine, theirs] = [priorityOf(before, name), advert.priority];
  if (mine === 255 && (theirs === 255 || instance.ownerIgnoreAdverts)) return undefined;
  const stays = stateOf(after, name) === 'master';
  const sent = effects.flatMap((effect) => (effect.kind === 'send' && effect.instance === name ? [effect] : []));
  const sentPriorities = sent.map((send) => seeAdvert(send.payload, send.protocol, send.source.family)?.priority);
  const prefix = `master of ${name} with ${mine} receives ${theirs} and`;
  if (theirs === 0) return stays && sentPriorities.includes(mine) ? undefined : `${prefix} does not answer`;
  if (theirs < mine && !stays) return `${prefix} gives up`;
  if (theirs > mine && stays) return `${prefix} stays`;
  if (theirs === mine && own !== undefined && stays !== higher(own, source) > 0) return `${prefix} ${stays ? 'stays' : 'gives up'}`;
  if (stays && instance.lowerPriorityNoAdvert && sentPriorities.length > 0) return `${prefix} answers in spite of lower_prio_no_advert`;
  if (!stays && instance.higherPrioritySendAdvert && !sentPriorities.includes(mine)) return `${prefix} yields without a last advert`;
  return undefined;
}

interface Delay {
  readonly firstUs: number;
  readonly lastUs: number;
  /** The shortest silence after which a backup may take over. */
  readonly silenceUs: number;
}

const silenceOf = (instance: VrrpInstance, intervalUs: number): number =>
  instance.fast === undefined
    ? downOf(instance, 254, Math.min(intervalUs, instance.advertUs))
    : instance.fast.missed * instance.fast.intervalUs;

export const answers: MakeInvariant = (world, history) => {
  const slack = slackUs(history);
  /** In a storm, priority 0 may overtake earlier adverts. */
  const orderly = history.events.every(({ what }) => what.kind !== 'weather');
  /** By node and instance: the source of its adverts; when the first and the last lower advert were received. */
  const sources = new Map<string, Address>();
  const delays = new Map<string, Delay>();
  const noteDelay = (
    key: string,
    instance: VrrpInstance,
    { nowUs, input, before, after, effects }: Observation,
    received: NodeAdvert | undefined,
  ): string | undefined => {
    // What waits under this name may have waited under another name or configuration, so the beginning is not known.
    const unclear = effects.some(({ kind }) => kind === 'renamed') || received?.fits(instance.name) === false;
    if (unclear) delays.set(key, { firstUs: Number.NEGATIVE_INFINITY, lastUs: nowUs, silenceUs: 0 });
    const [was, is] = [stateOf(before, instance.name), stateOf(after, instance.name)];
    const delay = delays.get(key);
    if (was === 'backup' && is === 'master' && input.kind === 'wake' && delay !== undefined) {
      const silent = nowUs - delay.lastUs >= delay.silenceUs - slack;
      if (nowUs < delay.firstUs + instance.preemptDelayUs && !silent)
        return `${instance.name} preempts ${nowUs - delay.firstUs} us after the first lower advert`;
    }
    if (is !== 'backup') delays.delete(key);
    else if (received !== undefined && !unclear) {
      // Priority 0 ends the wait: there is no master left to preempt.
      const lower = received.advert.priority > 0 && received.advert.priority < priorityOf(after, instance.name) && !instance.nopreempt;
      if (lower)
        delays.set(key, { firstUs: delay?.firstUs ?? nowUs, lastUs: nowUs, silenceUs: silenceOf(instance, received.advert.intervalUs) });
      else delays.delete(key);
    }
    return undefined;
  };
  return {
    stepped: (observation) => {
      const { node: index, nowUs, before, effects } = observation;
      const node = world.nodes[index]!;
      const received = nodeAdvert(world, observation);
      for (const instance of node.configuration.instances) {
        const key = `${index} ${instance.name}`;
        const own = isOf(instance, received) && received.fits(instance.name) && !counted(instance) ? received : undefined;
        const dropsPackets = node.configuration.global.startupDelayUs > 0;
        const answer = own !== undefined && !dropsPackets && stateOf(before, instance.name) === 'master';
        const wrong = answer ? wrongAnswer(observation, instance, own, sources.get(key)) : undefined;
        const early =
          orderly && instance.preemptDelayUs > 0 && !dropsPackets && !counted(instance) && !instance.ownerIgnoreAdverts
            ? noteDelay(key, instance, observation, isOf(instance, received) ? received : undefined)
            : undefined;
        if (wrong !== undefined || early !== undefined) return `${node.setup.name}: ${wrong ?? early} (${nowUs})`;
        for (const effect of effects) if (effect.kind === 'send' && effect.instance === instance.name) sources.set(key, effect.source);
      }
      return undefined;
    },
  };
};
