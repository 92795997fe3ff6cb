// Members of a sync group are masters together or not at all, after every step. One that a reload brought into a group of masters
// listens first, for a down time at most.
import { type MakeCheck, stateOf } from '../invariant.js';
import { downOf, longestIntervals, slackUs } from './bounds.js';

export const groups: MakeCheck = (world, history) => {
  const longest = longestIntervals(history);
  /** By node and group: since when a newcomer listens. */
  const listening = new Map<string, number>();
  return {
    stepped: ({ node: index, nowUs, input, after }) => {
      const node = world.nodes[index]!;
      for (const { name, members } of node.configuration.syncGroups) {
        const key = `${index} ${name}`;
        const states = members.map((member) => stateOf(after, member));
        const masters = states.filter((state) => state === 'master').length;
        if (masters === 0 || masters === members.length) listening.delete(key);
        else if (input.kind === 'configure') listening.set(key, nowUs);
        else {
          const waits = node.configuration.instances
            .filter((instance) => members.includes(instance.name))
            .map((instance) => downOf(instance, 1, longest.get(instance.name) ?? instance.advertUs));
          const sinceUs = listening.get(key) ?? Number.NEGATIVE_INFINITY;
          if (nowUs - sinceUs > Math.max(...waits) + slackUs(history))
            return `${node.setup.name}: members of ${name} are ${states.join(', ')}`;
        }
      }
      return undefined;
    },
    disturbed: (nowUs, what) => {
      // A process that stood still could not listen.
      if (what.kind === 'resume') for (const key of listening.keys()) if (key.startsWith(`${what.node} `)) listening.set(key, nowUs);
      return undefined;
    },
  };
};
