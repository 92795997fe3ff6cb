// The line for a change of services that policies of IPsec are for: by methods other than NAT they are not applied to what is balanced.
import type { TableReader } from '../../datapath/director.js';
import { bypassedText, bypassingPolicy } from '../../model/bypassed-policy.js';
import type { IpsecPolicy } from '../../model/ipsec-policy.js';
import type { ServiceEntry } from '../../model/service.js';
import type { Io } from '../io.js';
import type { Command } from './command.js';
import type { HostPolicies, World } from './world.js';

type Changed = Command | { readonly kind: 'restore' };

function servicesOf(command: Changed, table: TableReader): readonly ServiceEntry[] {
  if (command.kind === 'restore') return table.services();
  return command.kind === 'add-destination' || command.kind === 'edit-destination' ? [table.service(command.service)] : [];
}

/** undefined: none of them is for what the command has changed. */
function bypassedBy(command: Changed, table: TableReader, host: HostPolicies): IpsecPolicy | undefined {
  const services = servicesOf(command, table);
  const policies = services.length === 0 ? [] : host.policies();
  return bypassingPolicy(policies, host.own, services);
}

/** The status of a change, with the line where one is due. */
export function warnedOfIpsec(status: number, command: Changed, table: TableReader, { ipsec }: World, io: Io): number {
  if (status !== 0 || ipsec === undefined) return status;
  const policy = bypassedBy(command, table, ipsec);
  if (policy !== undefined) io.err(`weir: ${bypassedText(policy)}\n`);
  return status;
}
