// Sync groups that cannot come to rest: the manual asks for one order of the nodes on all members' links.
import type { World, WorldNode } from '../world.js';

/** Where adverts come from has changed its order among the node's addresses: another node may be the higher one on this link alone. */
const reordered = ({ setup, interfaces }: WorldNode): boolean =>
  setup.interfaces.some(({ name, addresses }) => {
    const now = interfaces.get(name)?.addresses ?? addresses;
    return now.some((address, at) => JSON.stringify(address) !== JSON.stringify(addresses[at]));
  });

/**
 * Two nodes of one priority for a member of a sync group are told apart by the addresses on its link; where these are ordered otherwise
 * than on another member's link, each node yields to the other, for ever (keepalived.conf(5), vrrp_sync_group). Lint says so.
 */
export function isTorn({ nodes }: World, name: string): boolean {
  const grouped = nodes.some(({ configuration }) => configuration.syncGroups.some(({ members }) => members.includes(name)));
  if (!grouped || !nodes.some(reordered)) return false;
  const priorities = nodes
    .flatMap(({ alive, view }) => (alive ? view.filter((each) => each.name === name) : []))
    .map((each) => each.priority);
  return new Set(priorities).size < priorities.length;
}
