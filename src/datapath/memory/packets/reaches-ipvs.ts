// What a server sends: the kernel's IPVS sees what the stack forwards, or delivers here, and nothing else.
import type { Question } from './decide.js';
import { isForHost } from './environment.js';
import type { Packet } from './packet.js';

/** Does a packet of a server get as far as the kernel's IPVS would see it? IPv6 takes any source. */
export function reachesIpvs({ environment, device }: Question, { source, destination, family, ttl }: Packet): boolean {
  if (ttl <= 1 && !isForHost(environment.hop(device, destination, source))) return false;
  return family === 'inet6' || environment.acceptsOwnSource(device) || environment.hop(device, source, destination).kind !== 'local';
}
