// Which node receives from which: over the segment of the adverts, or by heartbeats over the other one.
import { CALM } from '../history.js';
import type { World, WorldNode } from '../world.js';
import { pathKey } from '../world.js';

/** Whether the interface is up on a node, with all its addresses. */
const whole = ({ setup, interfaces }: WorldNode, device: string): boolean => {
  const facts = interfaces.get(device);
  return facts?.up === true && facts.addresses.length === setup.interfaces.find(({ name }) => name === device)?.addresses.length;
};

/**
 * Whether what `from` sends for an instance reaches `to`: over every segment, or with heartbeats over any. Both must run, and the
 * weather must be calm: packets of a storm may be delayed for long.
 */
export function reaches(world: World, from: number, to: number, name: string): boolean {
  const [sender, receiver] = [world.nodes[from]!, world.nodes[to]!];
  if (world.weather !== CALM || [sender, receiver].some(({ alive, paused }) => !alive || paused)) return false;
  const clean = sender.setup.interfaces.map(
    ({ name: device }) => whole(sender, device) && whole(receiver, device) && !world.losses.has(pathKey(from, to, device)),
  );
  const withHeartbeats = [sender, receiver].every(({ configuration }) =>
    configuration.instances.some((instance) => instance.name === name && instance.heartbeat.length > 0),
  );
  return withHeartbeats ? clean.includes(true) : !clean.includes(false);
}

/** Whether two nodes have different priorities: equal ones are decided by adverts only, which compare addresses. */
export function differ(world: World, a: number, b: number, name: string): boolean {
  const [one, other] = [a, b].map((index) => world.nodes[index]?.view.find((view) => view.name === name)?.priority);
  return one !== other;
}

/** Whether adverts arrive in both directions, without heartbeats. */
export const advertsPass = (world: World, a: number, b: number): boolean =>
  [a, b].every((index) => world.nodes[index]!.setup.interfaces.every(({ name }) => whole(world.nodes[index]!, name))) &&
  ![...world.losses.keys()].some((path) => path.startsWith(`${a}>${b}/`) || path.startsWith(`${b}>${a}/`));
