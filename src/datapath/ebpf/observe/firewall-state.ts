// Do new connections pass the host's packet filter, by what, and is the way there whole?
import type { FirewallMode } from '../../director.js';
import { hasFirewallTables } from '../load/firewall-path.js';
import { anyPassesFirewall, asksFirewall, firewallMode, servicesByAddress } from '../table/firewall.js';
import type { Tables } from '../table/tables.js';

export interface FirewallState {
  readonly passes: boolean;
  readonly mode: FirewallMode;
  /**
   * New connections are to pass the packet filter, and the way back from there is cut. `refused`: they do not get to a server; else they do without
   * it. Absent: the way is whole, or not wanted.
   */
  readonly due?: { readonly kind: 'firewall'; readonly refused: boolean };
}

export function firewallState(tables: Tables): FirewallState {
  const [passes, mode] = [anyPassesFirewall(tables), firewallMode(tables)];
  const isWanted = asksFirewall(tables) && servicesByAddress(tables).length > 0;
  if (!isWanted || (passes && hasFirewallTables(tables))) return { passes, mode };
  return { passes, mode, due: { kind: 'firewall', refused: passes } };
}
