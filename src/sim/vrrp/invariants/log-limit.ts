// The number of log lines is bounded, so that the log stays readable.
import type { MakeInvariant } from '../invariant.js';

const WINDOW_US = 10_000_000;
const LINES = 150;

export const logLimit: MakeInvariant = (world) => {
  const counts = world.nodes.map(() => ({ sinceUs: 0, lines: 0 }));
  return {
    stepped: ({ node: index, nowUs, effects }) => {
      const node = world.nodes[index]!;
      const count = counts[index]!;
      if (nowUs - count.sinceUs > WINDOW_US) Object.assign(count, { sinceUs: nowUs, lines: 0 });
      count.lines += effects.filter((effect) => effect.kind === 'log' && effect.detail !== true).length;
      const limit = LINES * Math.max(1, node.configuration.instances.length);
      return count.lines > limit ? `${node.setup.name} logged ${count.lines} lines within ${WINDOW_US} us` : undefined;
    },
  };
};
