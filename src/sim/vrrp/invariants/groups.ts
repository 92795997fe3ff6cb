// Members of a sync group are masters together or not at all, after every step. A member that a reload adds to a group of masters
// waits first, for a down time at most.
import { type MakeInvariant, stateOf } from '../invariant.js';
import { downOf, longestIntervals, slackUs } from './bounds.js';

export const groups: MakeInvariant = (world, history) => {
  const longest = longestIntervals(history);
  /** By node and group: since when a new member waits. */
  const waiting = new Map<string, number>();
  return {
    stepped: ({ node: index, nowUs, input, after }) => {
      const node = world.nodes[index]!;
      for (const { name, members } of node.configuration.syncGroups) {
        const key = `${index} ${name}`;
        const states = members.map((member) => stateOf(after, member));
        const masters = states.filter((state) => state === 'master').length;
        if (masters === 0 || masters === members.length) waiting.delete(key);
        else if (input.kind === 'configure') waiting.set(key, nowUs);
        else {
          const waits = node.configuration.instances
            .filter((instance) => members.includes(instance.name))
            .map((instance) => downOf(instance, 1, longest.get(instance.name) ?? instance.advertUs));
          const sinceUs = waiting.get(key) ?? Number.NEGATIVE_INFINITY;
          if (nowUs - sinceUs > Math.max(...waits) + slackUs(history))
            return `${node.setup.name}: members of ${name} are ${states.join(', ')}`;
        }
      }
      return undefined;
    },
    disturbed: (nowUs, what) => {
      // A paused process could not receive.
      if (what.kind === 'resume') for (const key of waiting.keys()) if (key.startsWith(`${what.node} `)) waiting.set(key, nowUs);
      return undefined;
    },
  };
};
