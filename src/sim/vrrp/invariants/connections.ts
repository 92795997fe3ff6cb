// A node that lacks connections of its peers does not preempt a master whose adverts arrive, but for lvs_sync_wait.
import type { VrrpInstance } from '../../../model/keepalived/instance.js';
import { type MakeInvariant, type Observation, stateOf } from '../invariant.js';
import type { WorldNode } from '../world.js';
import { slackUs, waitLimitUs } from './bounds.js';
import { isOf, type NodeAdvert, nodeAdvert } from './node-advert.js';

interface Wait {
  /** When the first lower advert came that it had to wait for, and the last one. */
  readonly firstUs: number;
  readonly lastUs: number;
}

/** Adverts that may be refused because of earlier ones prove nothing, and neither do those of fast mode, which may be late. */
const isPlain = ({ authentication, fast, nopreempt }: VrrpInstance): boolean =>
  authentication.kind === 'none' && fast === undefined && !nopreempt;

export const connections: MakeInvariant = (world, history) => {
  const slack = slackUs(history);
  const waits = new Map<string, Wait>();
  const note = (
    node: WorldNode,
    instance: VrrpInstance,
    { nowUs, node: index, input, before, after }: Observation,
    received: NodeAdvert | undefined,
  ): string | undefined => {
    const key = `${index} ${instance.name}`;
    const wait = waits.get(key);
    const [was, is] = [stateOf(before, instance.name), stateOf(after, instance.name)];
    if (was === 'backup' && is === 'master' && input.kind === 'wake' && wait !== undefined && node.lacksConnections) {
      // A master may be silent for nearly all of the down timer: what is shorter than an interval is no silence.
      const silent = nowUs - wait.lastUs >= instance.advertUs + slack;
      if (!silent && nowUs < wait.firstUs + waitLimitUs(node.configuration))
        return `${node.setup.name} preempts the master of ${instance.name} ${nowUs - wait.firstUs} us after its first advert, and lacks connections`;
    }
    if (is !== 'backup' || !node.lacksConnections || input.kind === 'configure') waits.delete(key);
    else if (received !== undefined) {
      const priority = after.find(({ name }) => name === instance.name)?.priority ?? 0;
      const isLower = received.advert.priority > 0 && received.advert.priority < priority && received.fits(instance.name);
      if (isLower) waits.set(key, { firstUs: wait?.firstUs ?? nowUs, lastUs: nowUs });
      else waits.delete(key);
    }
    return undefined;
  };
  return {
    disturbed: (_nowUs, what) => {
      // What a process knew of its wait ends with it; after a pause, adverts may be handled late.
      if ('node' in what && /^(?:start|stop|kill|crash|pause|resume|reload)$/.test(what.kind))
        for (const key of waits.keys()) if (key.startsWith(`${what.node} `)) waits.delete(key);
      return undefined;
    },
    stepped: (observation) => {
      const node = world.nodes[observation.node]!;
      if (node.configuration.global.startupDelayUs > 0) return undefined;
      const received = nodeAdvert(world, observation);
      return node.configuration.instances
        .filter(isPlain)
        .map((instance) => note(node, instance, observation, isOf(instance, received) ? received : undefined))
        .find((wrong) => wrong !== undefined);
    },
  };
};
