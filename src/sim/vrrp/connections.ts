// Nodes whose tables lack connections of their peers for a while, in a quarter of all histories. They have random numbers of their own: all else is as without.
import type { HistoryEvent } from '../history.js';
import type { Random } from '../random.js';
import type { Disturbance, NodeSetup } from './history.js';

/** The numbers of these episodes; the others count from 0. */
const FIRST_EPISODE = 2000;

const isWaiting = ({ configuration }: NodeSetup): boolean => configuration.global.lvsSyncWait !== undefined;

/** lvs_sync_wait, the same on all nodes. */
export function withWaits(random: Random, nodes: readonly NodeSetup[]): readonly NodeSetup[] {
  if (!random.chance(0.25)) return nodes;
  const lvsSyncWait = random.between(1, 8);
  return nodes.map(({ configuration, ...node }) => ({
    ...node,
    configuration: { ...configuration, global: { ...configuration.global, lvsSyncWait } },
  }));
}

/** Mostly from the beginning, as after a node's start; some lack them to the end. */
export function missingConnections(random: Random, nodes: readonly NodeSetup[], calmFromUs: number): readonly HistoryEvent<Disturbance>[] {
  return nodes.flatMap((setup, node): readonly HistoryEvent<Disturbance>[] => {
    if (!isWaiting(setup) || random.chance(0.3)) return [];
    const fromUs = random.chance(0.6) ? 0 : random.below(calmFromUs);
    const begin = { atUs: fromUs, what: { kind: 'connections', node, missing: true }, episode: FIRST_EPISODE + node } as const;
    if (random.chance(0.2)) return [begin];
    return [begin, { ...begin, atUs: random.between(fromUs, calmFromUs), what: { ...begin.what, missing: false } }];
  });
}
