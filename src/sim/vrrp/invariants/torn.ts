// Sync groups that never become stable: the manual demands one order of the nodes on the interfaces of all members.
import type { World, WorldNode } from '../world.js';

/** The order of an interface's addresses changed, and with it the source of adverts: another node may be the higher one on this segment only. */
const reordered = ({ setup, interfaces }: WorldNode): boolean =>
  setup.interfaces.some(({ name, addresses }) => {
    const now = interfaces.get(name)?.addresses ?? addresses;
    return now.some((address, at) => JSON.stringify(address) !== JSON.stringify(addresses[at]));
  });

/**
 * Between two nodes with the same priority for a member of a sync group the addresses on its interface decide. If their order differs on
 * another member's interface, each node yields to the other, for ever (keepalived.conf(5), vrrp_sync_group). Lint reports it.
 */
export function isTorn({ nodes }: World, name: string): boolean {
  const grouped = nodes.some(({ configuration }) => configuration.syncGroups.some(({ members }) => members.includes(name)));
  if (!grouped || !nodes.some(reordered)) return false;
  const priorities = nodes
    .flatMap(({ alive, view }) => (alive ? view.filter((each) => each.name === name) : []))
    .map((each) => each.priority);
  return new Set(priorities).size < priorities.length;
}
