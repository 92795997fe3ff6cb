// Wakes: one is always asked for while something is due later, never in a busy loop, and never more often than needed.
import type { MakeInvariant } from '../invariant.js';
import type { WorldNode } from '../world.js';

const WINDOW_US = 10_000_000;
/** Per window and instance: blocks of gratuitous ARP, election steps and the like. */
const OTHER_WAKES = 60;

function allowed(node: WorldNode): number {
  const adverts = node.configuration.instances.map(
    ({ advertUs, fast }) => WINDOW_US / Math.min(advertUs, fast?.intervalUs ?? advertUs) + OTHER_WAKES,
  );
  return adverts.reduce((sum, count) => sum + count, OTHER_WAKES);
}

export const wakes: MakeInvariant = (world) => {
  const counts = world.nodes.map(() => ({ sinceUs: 0, wakes: 0, idle: 0 }));
  return {
    stepped: ({ node: index, nowUs, input, after, wakeAtUs }) => {
      const node = world.nodes[index]!;
      const count = counts[index]!;
      if (wakeAtUs !== undefined && !Number.isFinite(wakeAtUs)) return `${node.setup.name} wants to be woken at ${wakeAtUs}`;
      if (input.kind !== 'stop' && wakeAtUs === undefined && after.some(({ state }) => state === 'backup' || state === 'master'))
        return `${node.setup.name} sleeps for ever`;
      // The limit of the configuration before the reload is no longer known.
      if (input.kind === 'configure') Object.assign(count, { sinceUs: nowUs, wakes: 0 });
      if (input.kind !== 'wake') return undefined;
      count.idle = wakeAtUs !== undefined && wakeAtUs <= nowUs ? count.idle + 1 : 0;
      if (count.idle > 3) return `${node.setup.name} wants to be woken again and again at ${wakeAtUs}`;
      if (nowUs - count.sinceUs > WINDOW_US) Object.assign(count, { sinceUs: nowUs, wakes: 0 });
      count.wakes++;
      return count.wakes > allowed(node) ? `${node.setup.name} was woken ${count.wakes} times within ${WINDOW_US} us` : undefined;
    },
  };
};
