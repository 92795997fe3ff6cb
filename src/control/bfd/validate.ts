// Whether a packet is valid, and for which session: RFC 5880 §6.8.6 in its order, and the TTL of RFC 5881 §5.
import { sameAddress } from '../../model/identity.js';
import type { BfdInstance } from '../../model/keepalived/trackers.js';
import { BFD_DIAGNOSTICS, BFD_VERSION, type BfdControl, type BfdPort } from '../../wire/bfd.js';
import type { BfdReceived, BfdRefusal } from './messages.js';
import type { BfdMachine, Session } from './state.js';

/** What is wrong with a packet for any session. A length other than the datagram's is wrong, as in keepalived. */
export function malformed(packet: BfdControl, size: number): BfdRefusal | undefined {
  if (packet.length !== size) return 'length';
  if (packet.version !== BFD_VERSION) return 'version';
  if (packet.multiplier === 0) return 'multiplier';
  if (packet.multipoint) return 'multipoint';
  if (packet.myDiscriminator === 0) return 'myDiscriminator';
  if (packet.yourDiscriminator === 0 && packet.state !== 'down' && packet.state !== 'adminDown') return 'yourDiscriminator';
  if (packet.poll && packet.final) return 'flags';
  if (packet.diagnostic >= BFD_DIAGNOSTICS.length) return 'diagnostic';
  return undefined;
}

export const portOf = ({ multihop }: Pick<BfdInstance, 'multihop'>): BfdPort => (multihop ? 'multihop' : 'single');

/** The session's index. §6.8.6: by our discriminator; while the sender does not know it, by addresses (§6.3, RFC 5881 §3). */
export function sessionOf(machine: BfdMachine, packet: BfdControl, { source, destination, port }: BfdReceived): number | undefined {
  const fits = ({ config }: Session): boolean => portOf(config) === port;
  if (packet.yourDiscriminator !== 0) {
    const index = machine.indexOfDiscriminator.get(packet.yourDiscriminator);
    const session = index === undefined ? undefined : machine.sessions[index];
    return session !== undefined && fits(session) ? index : undefined;
  }
  const found = machine.sessions.findIndex(
    (session) =>
      fits(session) &&
      sameAddress(session.config.neighbour, source) &&
      (session.config.source === undefined || sameAddress(session.config.source, destination)),
  );
  return found < 0 ? undefined : found;
}

/** 255 and -1 mean any number of routers. */
const ANY_HOPS = 255;

/** The lowest TTL that the session accepts: no router on the way, or max_hops of them; 0: any. */
export function ttlMin({ ttl, maxHops }: Pick<BfdInstance, 'ttl' | 'maxHops'>): number {
  return maxHops < 0 || maxHops >= ANY_HOPS ? 0 : Math.max(0, ttl - maxHops);
}

/** Why a session refuses a packet that is well-formed. */
export function sessionRefusal({ config, state }: Session, packet: BfdControl, ttl: number): BfdRefusal | undefined {
  if (ttl < ttlMin(config)) return 'ttl';
  if (packet.authenticated) return 'authentication';
  return state === 'adminDown' ? 'adminDown' : undefined;
}
