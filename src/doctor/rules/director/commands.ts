// Commands that change destinations, as fixes name them.
import type { Address } from '../../../model/address.js';
import { changeText } from '../../../model/change-text.js';
import { sameDestination } from '../../../model/identity.js';
import type { DestinationSpec, ServiceKey } from '../../../model/service.js';
import { servicesOf } from '../../address-index.js';
import type { ServiceFact } from '../../facts.js';

export function editDestination(service: ServiceKey, spec: DestinationSpec): string {
  return `ipvsadm ${changeText({ kind: 'edit-destination', service, spec })}`;
}

/** Puts another destination in the place of one; the same one with another method or weight is edited. */
export function moveDestination(service: ServiceKey, from: DestinationSpec, to: DestinationSpec): string {
  if (sameDestination(from, to)) return editDestination(service, to);
  return `ipvsadm ${changeText({ kind: 'add-destination', service, spec: to })} && ${removeDestination(service, from)}`;
}

export function removeDestination(service: ServiceKey, { address, port }: DestinationSpec): string {
  return `ipvsadm ${changeText({ kind: 'delete-destination', service, key: { address, port } })}`;
}

/** Longer ones are for a person to write. */
const COMMANDS_MAX = 24;

/** As many of the commands as fit a line, one after the other. */
export const joined = (commands: readonly string[]): string => commands.slice(0, COMMANDS_MAX).join(' && ');

/** Gives all services of one VIP another one, with their destinations. Undefined: they are too many for a line. */
export function moveServices(services: readonly ServiceFact[], from: Address, to: Address): string | undefined {
  const commands = servicesOf(services, from).flatMap(({ spec, destinations }): readonly string[] => {
    const { key } = spec;
    if (key.kind !== 'address') return [];
    const moved = { ...key, address: to };
    return [
      `ipvsadm ${changeText({ kind: 'add-service', spec: { ...spec, key: moved } })}`,
      ...destinations.map((one) => `ipvsadm ${changeText({ kind: 'add-destination', service: moved, spec: one })}`),
      `ipvsadm ${changeText({ kind: 'delete-service', key })}`,
    ];
  });
  return commands.length > COMMANDS_MAX ? undefined : joined(commands);
}
