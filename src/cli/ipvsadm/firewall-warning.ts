// The line for services that rules of the host's packet filter may drop packets for: where new connections are balanced in front of it, these rules
// do not apply.
import type { TableReader } from '../../datapath/director.js';
import type { ServiceSpec } from '../../model/service.js';
import type { Io } from '../io.js';
import type { Command } from './command.js';
import type { World } from './world.js';

type Changed = Command | { readonly kind: 'restore' };

const NAMED_MAX = 3;

function servicesOf(command: Changed, table: TableReader): readonly ServiceSpec[] {
  if (command.kind === 'restore') return table.services().map(({ spec }) => spec);
  return command.kind === 'add-service' || command.kind === 'edit-service' ? [command.spec] : [];
}

/** The status of a change, with the line where one is due. */
export async function warnedOfFirewall(status: number, command: Changed, table: TableReader, { bypassed }: World, io: Io): Promise<number> {
  if (status !== 0 || bypassed === undefined || table.passesFirewall?.() !== false) return status;
  const rules = await bypassed(servicesOf(command, table));
  if (rules.length === 0) return status;
  const more = rules.length > NAMED_MAX ? ` and ${rules.length - NAMED_MAX} more` : '';
  io.err(
    `weir: not applied to balanced connections: ${rules.slice(0, NAMED_MAX).join(', ')}${more}; they apply after weir load --firewall honour\n`,
  );
  return status;
}
