// Fast mode: a backup that received enough fast adverts takes over within the short bound, and never before it.
import { addressId } from '../../../model/identity.js';
import { CALM } from '../history.js';
import { type MakeInvariant, type Observation, stateOf } from '../invariant.js';
import type { World, WorldNode } from '../world.js';
import { slackUs } from './bounds.js';
import { isOf, type NodeAdvert, nodeAdvert } from './node-advert.js';

interface FastRun {
  readonly node: number;
  readonly source: string;
  readonly lastUs: number;
  /** Consecutive adverts as close together as fast mode sends them. */
  readonly run: number;
  readonly fast: { readonly intervalUs: number; readonly missed: number };
}

/** More than any backup needs before it relies on them. */
const TRUST = 8;

function noteStep(
  received: Map<string, FastRun>,
  observation: Observation,
  node: WorldNode,
  packet: NodeAdvert | undefined,
  slack: number,
): string | undefined {
  const { nowUs, node: index, input, before, after } = observation;
  for (const instance of node.configuration.instances) {
    const { name, fast, nopreempt } = instance;
    const key = `${index} ${name}`;
    const last = received.get(key);
    const own = isOf(instance, packet) && packet.fits(name);
    // From a node with another configuration by now: it may be accepted or not.
    const unclear = isOf(instance, packet) && !own;
    // Reordered packets may be refused as replayed.
    const believed = !/^(?:ah|hmac)$/.test(instance.authentication.kind);
    if (believed && stateOf(before, name) === 'backup' && stateOf(after, name) === 'master' && last !== undefined) {
      const silentUs = nowUs - last.lastUs;
      if (silentUs < last.fast.missed * last.fast.intervalUs - slack)
        return `${node.setup.name} becomes master of ${name} after ${silentUs} us without an advert`;
    }
    const follows =
      own &&
      packet.advert.priority > 0 &&
      (nopreempt || packet.advert.priority >= (after.find((view) => view.name === name)?.priority ?? 0));
    if (stateOf(after, name) !== 'backup' || unclear || (own && !follows) || (input.kind !== 'packet' && input.kind !== 'wake'))
      received.delete(key);
    else if (own && fast !== undefined) {
      const source = addressId(packet.source);
      const close = last?.source === source && nowUs - last.lastUs <= 2 * fast.intervalUs;
      received.set(key, { node: index, source, lastUs: nowUs, run: close ? last.run + 1 : 0, fast });
    }
  }
  return undefined;
}

function tooLong(world: World, received: ReadonlyMap<string, FastRun>, nowUs: number, slack: number): string | undefined {
  for (const [key, { node, lastUs, run, fast }] of received) {
    const silentUs = nowUs - lastUs;
    if (run < TRUST || silentUs <= (fast.missed + 1) * fast.intervalUs + slack) continue;
    return `${world.nodes[node]!.setup.name} receives nothing in fast mode for ${silentUs} us and is still backup of ${key.split(' ')[1]}`;
  }
  return undefined;
}

export const fastMode: MakeInvariant = (world, history) => {
  const received = new Map<string, FastRun>();
  const slack = slackUs(history);
  const any = history.nodes.some(({ configuration }) => configuration.instances.some(({ fast }) => fast !== undefined));
  if (!any) return {};
  /** Packets of a storm may arrive until then. */
  let calmFromUs = 0;
  return {
    passed: (nowUs) => tooLong(world, received, nowUs, slack),
    disturbed: (nowUs, what) => {
      // After storms, packets may be refused as replayed; what a paused node received is not known.
      if (what.kind !== 'path' && what.kind !== 'forgedPacket') received.clear();
      if (what.kind === 'weather') calmFromUs = nowUs + Math.max(world.weather.maxUs, what.weather.maxUs);
      return undefined;
    },
    stepped: (observation) =>
      world.weather === CALM && observation.nowUs > calmFromUs
        ? noteStep(received, observation, world.nodes[observation.node]!, nodeAdvert(world, observation), slack)
        : undefined,
  };
};
