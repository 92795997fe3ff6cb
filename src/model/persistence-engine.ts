// The persistence engines (--pe), by which a service knows what belongs together besides a client's address.
import { WeirError } from './errors/weir-error.js';
import type { ServiceSpec } from './service.js';

/** Each call of a client, by the Call-ID of its messages: the one that the kernel has. */
export const SIP = 'sip';

/** The engine of a service, whether it is persistent or not. */
export const engineOf = ({ persistence, idleEngine }: ServiceSpec): string | undefined => persistence?.engine ?? idleEngine;

/** @throws WeirError persistence-engine-unknown */
export function checkEngine(spec: ServiceSpec): void {
  const engine = engineOf(spec);
  if (engine !== undefined && engine !== SIP) throw new WeirError('persistence-engine-unknown', { engine });
}
