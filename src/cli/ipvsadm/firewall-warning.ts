// After a change of services: whether new connections pass the host's packet filter first is decided again, and where they do not, the line names
// the rules that do not apply to them.

import type { Changed } from '../../config/ipvsadm/command.js';
import type { Director } from '../../datapath/director.js';
import type { ServiceSpec } from '../../model/service.js';
import { choiceText, chooseFirewall, findBypassed, rulesText } from '../firewall-choice.js';
import type { Io } from '../io.js';
import type { World } from './world.js';

/** Of this command alone; undefined: of all, since some may have gone. */
function servicesOf(command: Changed): readonly ServiceSpec[] | undefined {
  switch (command.kind) {
    case 'add-service':
    case 'edit-service':
      return [command.spec];
    case 'restore':
    case 'delete-service':
    case 'flush':
      return undefined;
    default:
      return [];
  }
}

export async function warnOfFirewall(command: Changed, director: Director, { bypassed }: World, io: Io): Promise<void> {
  if (bypassed === undefined) return;
  const services = servicesOf(command);
  if (services?.length === 0) return;
  const choice = await chooseFirewall(director, bypassed, services);
  // That the service of a mark comes first is what ipvsadm's users know.
  if (choice !== undefined && !(choice.passes && choice.marks)) io.err(`weir: ${choiceText(choice)}\n`);
  if (director.firewallMode?.() !== 'fast' || command.kind === 'delete-service' || command.kind === 'flush') return;
  const text = rulesText(await findBypassed(director, bypassed, services));
  if (text !== '') io.err(`weir: not applied to balanced connections: ${text}; they apply after weir load --firewall honour\n`);
}
