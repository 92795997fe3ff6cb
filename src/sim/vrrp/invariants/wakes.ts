// Promises to be woken: always one while there is something to wait for, never a busy loop, never more often than there is work.
import type { MakeCheck } from '../invariant.js';
import type { WorldNode } from '../world.js';

const WINDOW_US = 10_000_000;
/** Gratuitous ARP blocks, election steps and the like in a window, per instance. */
const OTHER_WAKES = 60;

function allowed(node: WorldNode): number {
  const adverts = node.configuration.instances.map(
    ({ advertUs, fast }) => WINDOW_US / Math.min(advertUs, fast?.intervalUs ?? advertUs) + OTHER_WAKES,
  );
  return adverts.reduce((sum, count) => sum + count, OTHER_WAKES);
}

export const wakes: MakeCheck = (world) => {
  const counts = world.nodes.map(() => ({ sinceUs: 0, wakes: 0, idle: 0 }));
  return {
    stepped: ({ node: index, nowUs, input, after, wakeAtUs }) => {
      const node = world.nodes[index]!;
      const count = counts[index]!;
      if (wakeAtUs !== undefined && !Number.isFinite(wakeAtUs)) return `${node.setup.name} wants to be woken at ${wakeAtUs}`;
      if (input.kind !== 'stop' && wakeAtUs === undefined && after.some(({ state }) => state === 'backup' || state === 'master'))
        return `${node.setup.name} sleeps for ever`;
      // What was allowed before a reload is not known after it.
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
