// Members of a sync group are masters together or not at all, after every step.
import { type MakeCheck, stateOf } from '../check.js';

export const groups: MakeCheck = (world) => ({
  stepped: ({ node: index, after }) => {
    const node = world.nodes[index]!;
    for (const { name, members } of node.configuration.syncGroups) {
      const states = members.map((member) => stateOf(after, member));
      const masters = states.filter((state) => state === 'master').length;
      if (masters > 0 && masters < members.length) return `${node.setup.name}: members of ${name} are ${states.join(', ')}`;
    }
    return undefined;
  },
});
