// By what the simulator knows virtual servers, real servers and checks again: their keys, and their names for people.
import { checkerIdentity, realIdentity, serverIdentity } from '../../control/check/identity.js';
import { formatAddress } from '../../model/address-text.js';
import type { Checker, RealServer, VirtualServer } from '../../model/keepalived/virtual-server.js';
import { madeOnce } from '../../model/made-once.js';

// Configurations never change, so that a key is worked out once.
const checkKey = madeOnce<Checker, string>(checkerIdentity);
const ownKey = madeOnce<RealServer, string>(realIdentity);
export const serverKey = madeOnce<VirtualServer, string>(serverIdentity);
export const realKey = (server: VirtualServer, real: RealServer): string => `${serverKey(server)}\n${ownKey(real)}`;

/** The virtual servers that a process takes from a file, by key: one that stands twice counts once. */
export function takenFrom(servers: readonly VirtualServer[]): ReadonlyMap<string, VirtualServer> {
  const taken = new Map<string, VirtualServer>();
  for (const server of servers) if (!taken.has(serverKey(server))) taken.set(serverKey(server), server);
  return taken;
}

const keysOfReals = new WeakMap<VirtualServer, WeakMap<RealServer, readonly string[]>>();

/** The keys of a server's checks, in their order. The same check twice: the second has another key. */
export function checkerKeys(server: VirtualServer, real: RealServer): readonly string[] {
  const ofServer = keysOfReals.get(server) ?? new WeakMap<RealServer, readonly string[]>();
  keysOfReals.set(server, ofServer);
  const found = ofServer.get(real) ?? makeKeys(server, real);
  ofServer.set(real, found);
  return found;
}

function makeKeys(server: VirtualServer, real: RealServer): readonly string[] {
  const seen = new Map<string, number>();
  return real.checkers.map((checker) => {
    const key = `${realKey(server, real)}\n${checkKey(checker)}`;
    const count = seen.get(key) ?? 0;
    seen.set(key, count + 1);
    return `${key}\n${count}`;
  });
}

/** `10.0.0.1` */
export const hostOf = madeOnce<RealServer, string>(({ address }) => formatAddress(address));
/** `10.0.0.1 of [192.0.2.1]:tcp:80`, for people. */
export const realText = (server: VirtualServer, real: RealServer): string => `${hostOf(real)} of ${server.name}`;
/** `10.0.0.1=3` of each destination, with its weight. */
export const poolText = (pool: readonly RealServer[]): string => pool.map((real) => `${hostOf(real)}=${real.weight}`).join(' ');
