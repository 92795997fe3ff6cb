// What a server sends: the kernel's IPVS sees what the stack forwards, or delivers here, and nothing else.
import type { Question } from './decide.js';
import type { HopAnswer } from './environment.js';
import type { Packet } from './packet.js';

const isLeft = (kind: HopAnswer['kind']): boolean => kind === 'local' || kind === 'unknown';

/** Does a packet of a server get as far as the kernel's IPVS would see it? IPv6 takes any source. */
export function reachesIpvs({ environment, device }: Question, { source, destination, family, ttl }: Packet): boolean {
  if (ttl <= 1 && !isLeft(environment.hop(device, destination, source).kind)) return false;
  return family === 'inet6' || environment.acceptsOwnSource(device) || environment.hop(device, source, destination).kind !== 'local';
}
