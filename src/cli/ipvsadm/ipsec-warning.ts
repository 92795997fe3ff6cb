// The line for a change of services that policies of IPsec are for: by methods other than NAT they are not applied to what is balanced.

import type { Changed } from '../../config/ipvsadm/command.js';
import type { TableReader } from '../../datapath/director.js';
import { bypassedText, bypassingPolicy } from '../../model/bypassed-policy.js';
import type { IpsecPolicy } from '../../model/ipsec-policy.js';
import type { ServiceEntry } from '../../model/service.js';
import type { Io } from '../io.js';
import type { HostPolicies, World } from './world.js';

/** Those that the command has changed the destinations of; undefined: of none. */
function servicesOf(command: Changed, table: TableReader): (() => readonly ServiceEntry[]) | undefined {
  if (command.kind === 'restore') return () => table.services();
  if (command.kind !== 'add-destination' && command.kind !== 'edit-destination') return undefined;
  return () => [table.service(command.service)];
}

/** undefined: none of them is for what the command has changed. */
function bypassedBy(command: Changed, table: TableReader, host: HostPolicies): IpsecPolicy | undefined {
  const services = servicesOf(command, table);
  const policies = services === undefined ? [] : host.policies();
  // Of most hosts there are none, and a table may be long.
  return services === undefined || policies.length === 0 ? undefined : bypassingPolicy(policies, host.own, services());
}

export function warnOfIpsec(command: Changed, table: TableReader, { ipsec }: World, io: Io): void {
  const policy = ipsec === undefined ? undefined : bypassedBy(command, table, ipsec);
  if (policy !== undefined) io.err(`weir: ${bypassedText(policy)}\n`);
}
