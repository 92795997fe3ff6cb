// The persistence engines (--pe), by which a service knows what belongs together besides a client's address.
import { WeirError } from './errors/weir-error.js';

/** Each call of a client, by the Call-ID of its messages: the one that the kernel has. */
export const SIP = 'sip';

/** @throws WeirError persistence-engine-unknown */
export function checkEngine(engine: string | undefined): void {
  if (engine !== undefined && engine !== SIP) throw new WeirError('persistence-engine-unknown', { engine });
}
