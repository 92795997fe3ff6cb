// After silence a backup becomes master: always within the protocol's bound, and at the exact microsecond where that is known.

import type { VrrpInstance } from '../../../model/keepalived/instance.js';
import type { SeenAdvert } from '../advert.js';
import { type MakeInvariant, type Observation, stateOf } from '../invariant.js';
import type { World, WorldNode } from '../world.js';
import { downOf, longestIntervals, mixedIntervals, skewOf, slackUs } from './bounds.js';
import { isOf, type NodeAdvert, nodeAdvert } from './node-advert.js';

interface Waiting {
  /** The last event that may have restarted the wait. */
  sinceUs: number;
  /** When it ends; undefined: not known to the microsecond. */
  deadlineUs: number | undefined;
}

type Waits = Map<string, Waiting>;

/** How often the longest waits are examined. */
const LOOK_US = 5_000;

const priorityOf = (view: Observation['after'], name: string): number => view.find((instance) => instance.name === name)?.priority ?? 1;

/** The end of the wait after a step: a time, undefined if it is not known, 'same' if it does not change. */
function deadlineAfter(
  observation: Observation,
  instance: VrrpInstance,
  advert: SeenAdvert | undefined,
  { mixed, lacksConnections }: { readonly mixed: boolean; readonly lacksConnections: boolean },
): number | undefined | 'same' {
  const { nowUs, input, before, after } = observation;
  const [was, is] = [stateOf(before, instance.name), stateOf(after, instance.name)];
  const priority = priorityOf(after, instance.name);
  if (is !== 'backup' || input.kind === 'configure' || input.kind === 'heartbeat' || priorityOf(before, instance.name) !== priority)
    return undefined;
  if (was === 'fault' || was === 'init') {
    const eager = instance.priority === 255 && instance.initialState === 'master';
    return (
      nowUs + (eager ? instance.advertUs + skewOf(instance, priority, instance.advertUs) : downOf(instance, priority, instance.advertUs))
    );
  }
  if (advert === undefined) return was === 'backup' ? 'same' : undefined;
  if (/^(?:ah|hmac)$/.test(instance.authentication.kind)) return undefined;
  // The skew depends on the interval of the master that was followed, which may be another one.
  if (advert.priority === 0) return mixed ? undefined : nowUs + skewOf(instance, priority, instance.advertUs);
  if (was === 'master' || advert.priority >= priority || instance.nopreempt) return nowUs + downOf(instance, priority, advert.intervalUs);
  return instance.preemptDelayUs > 0 || lacksConnections ? undefined : 'same';
}

function noteStep(
  waits: Waits,
  observation: Observation,
  node: WorldNode,
  received: NodeAdvert | undefined,
  slack: number,
  mixed: ReadonlySet<string>,
): string | undefined {
  const { nowUs, node: index, input, before, after } = observation;
  for (const instance of node.configuration.instances) {
    const key = `${index}/${instance.name}`;
    const own = isOf(instance, received);
    const wait = waits.get(key);
    const [was, is] = [stateOf(before, instance.name), stateOf(after, instance.name)];
    if (was === 'backup' && is === 'master' && wait?.deadlineUs !== undefined && input.kind !== 'configure') {
      const early = wait.deadlineUs - nowUs;
      if (early > 1) return `${node.setup.name} becomes master of ${instance.name} ${early} us early`;
      if (early < -slack) return `${node.setup.name} becomes master of ${instance.name} ${-early} us late`;
    }
    if (is !== 'backup') {
      waits.delete(key);
      continue;
    }
    const inGroup = node.configuration.syncGroups.some(({ members }) => members.includes(instance.name));
    const exact =
      !inGroup && instance.fast === undefined && (!own || received.fits(instance.name)) && node.configuration.global.startupDelayUs === 0;
    const unclear = { mixed: mixed.has(instance.name), lacksConnections: node.lacksConnections };
    const next = exact ? deadlineAfter(observation, instance, own ? received?.advert : undefined, unclear) : undefined;
    const restarts =
      own || was !== 'backup' || /^(?:configure|interface|interfaceGone|script|file|process|lost|heartbeat)$/.test(input.kind);
    const sinceUs = wait === undefined || restarts ? nowUs : wait.sinceUs;
    waits.set(key, { sinceUs, deadlineUs: next === 'same' ? wait?.deadlineUs : next });
  }
  return undefined;
}

function tooLong(world: World, waits: Waits, longest: ReadonlyMap<string, number>, nowUs: number, slack: number): string | undefined {
  for (const [index, node] of world.nodes.entries()) {
    if (!node.alive || node.paused) continue;
    for (const instance of node.configuration.instances) {
      const group = node.configuration.syncGroups.find(({ members }) => members.includes(instance.name))?.members ?? [instance.name];
      const all = group.map((member) => waits.get(`${index}/${member}`));
      if (all.some((wait) => wait === undefined)) continue;
      const since = Math.max(...all.map((wait) => wait!.sinceUs));
      const bounds = node.configuration.instances
        .filter(({ name }) => group.includes(name))
        .map((member) => downOf(member, 1, longest.get(member.name) ?? member.advertUs));
      const bound = Math.max(...bounds) + node.configuration.global.startupDelayUs + slack;
      if (nowUs - since > bound)
        return `${node.setup.name} receives nothing of ${instance.name} for ${nowUs - since} us and is still backup`;
    }
  }
  return undefined;
}

export const takeover: MakeInvariant = (world, history) => {
  const waits: Waits = new Map();
  const slack = slackUs(history);
  const mixed = mixedIntervals(history);
  let nextLookUs = 0;
  const longest = longestIntervals(history);
  const forget = (index: number): void => {
    for (const key of waits.keys()) if (key.startsWith(`${index}/`)) waits.delete(key);
  };
  return {
    passed: (nowUs) => {
      if (nowUs < nextLookUs) return undefined;
      nextLookUs = nowUs + LOOK_US;
      return tooLong(world, waits, longest, nowUs, slack);
    },
    disturbed: (nowUs, what) => {
      if (what.kind === 'resume')
        for (const [key, wait] of waits)
          if (key.startsWith(`${what.node}/`)) Object.assign(wait, { sinceUs: nowUs, deadlineUs: undefined });
      if (what.kind === 'kill' || what.kind === 'crash' || what.kind === 'stop') forget(what.node);
      return undefined;
    },
    stepped: (observation) => noteStep(waits, observation, world.nodes[observation.node]!, nodeAdvert(world, observation), slack, mixed),
  };
};
