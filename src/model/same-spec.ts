// When two services or destinations with one key ask for the same: an edit from one to the other would change nothing.
import type { DestinationSpec, Persistence, ServiceSpec, Tunnel } from './service.js';

function samePersistence(a: Persistence | undefined, b: Persistence | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.timeout === b.timeout && a.netmask === b.netmask && a.engine === b.engine;
}

/** Are these specifications of one service, with the same key, equal? */
export function sameServiceSpec(a: ServiceSpec, b: ServiceSpec): boolean {
  return (
    a.scheduler === b.scheduler &&
    a.schedFlags === b.schedFlags &&
    a.onePacket === b.onePacket &&
    a.idleEngine === b.idleEngine &&
    samePersistence(a.persistence, b.persistence)
  );
}

const localsOf = ({ localAddresses = [] }: DestinationSpec): readonly string[] => localAddresses.map(({ words }) => words.join('.'));

export const sameTunnel = (a: Tunnel, b: Tunnel): boolean => a.type === b.type && a.port === b.port && a.checksum === b.checksum;

/** Are these specifications of one destination, with the same key, equal? A tunnel counts only where the method uses it. */
export function sameDestinationSpec(a: DestinationSpec, b: DestinationSpec): boolean {
  return (
    a.method === b.method &&
    a.weight === b.weight &&
    a.upperThreshold === b.upperThreshold &&
    a.lowerThreshold === b.lowerThreshold &&
    (a.method !== 'tunnel' || sameTunnel(a.tunnel, b.tunnel)) &&
    String(localsOf(a)) === String(localsOf(b)) &&
    a.clientAddress === b.clientAddress
  );
}
