// What becomes of virtual servers that ask for more than weir's table can do yet, by the list of capabilities. A service is
// served without servers that cannot be reached. It is not served where no packet would arrive.
import { formatAddress } from '../address-text.js';
import { missingFor } from '../missing-for.js';
import type { DestinationSpec } from '../service.js';
import type { RealServer, VirtualServer } from './virtual-server.js';
import type { WantedService, WantedTable } from './wanted-table.js';

/** Something that a virtual server is served without. */
export interface Without {
  /** Its keyword in the block of the virtual server. */
  readonly keyword: string;
  /** `real server 10.0.0.5 port 80` */
  readonly what: string;
  /** What that means for traffic. */
  readonly meanwhile: string;
}

export type ServedAs =
  | { readonly kind: 'served'; readonly service: WantedService; readonly without: readonly Without[] }
  | { readonly kind: 'unserved'; readonly missing: string };

/** What is missing for a destination does not depend on its service. */
const ANY_SERVICE = { kind: 'fwmark', family: 'inet', mark: 1 } as const;

const missingForServer = (spec: DestinationSpec): string | undefined => missingFor({ kind: 'add-destination', service: ANY_SERVICE, spec });

const serverText = ({ address, port }: RealServer): string => `${formatAddress(address)} port ${port}`;

/** The servers that cannot be reached. */
function withoutServers({ realServers, sorryServer }: VirtualServer): readonly Without[] {
  const all = [
    ...realServers.map((real) => ({ keyword: 'real_server', name: 'real server', real })),
    ...(sorryServer === undefined ? [] : [{ keyword: 'sorry_server', name: 'sorry server', real: sorryServer }]),
  ];
  return all.flatMap(({ keyword, name, real }): readonly Without[] => {
    const missing = missingForServer(real);
    return missing === undefined ? [] : [{ keyword, what: `${name} ${serverText(real)}`, meanwhile: missing }];
  });
}

/** How the table can have a service at present. */
export function servedAs(wanted: WantedService): ServedAs {
  const { server, spec } = wanted;
  const [first] = server.realServers;
  const noneReachable = server.realServers.every((real) => missingForServer(real) !== undefined);
  const missing = first !== undefined && noneReachable ? missingForServer(first) : undefined;
  if (missing !== undefined) return { kind: 'unserved', missing };
  const destinations = wanted.destinations.filter((one) => missingForServer(one) === undefined);
  return { kind: 'served', service: { server, spec, destinations }, without: withoutServers(server) };
}

/** The virtual server as it is checked: without servers that get no connections, which must not count for its quorum. */
export function reachablePart(server: VirtualServer): VirtualServer {
  const { sorryServer, ...rest } = server;
  const isReachable = (real: RealServer): boolean => missingForServer(real) === undefined;
  const realServers = server.realServers.filter(isReachable);
  const isSorryReachable = sorryServer !== undefined && isReachable(sorryServer);
  const isWhole = realServers.length === server.realServers.length && (sorryServer === undefined || isSorryReachable);
  // Without a server that can be reached it is not served at all.
  if (isWhole || realServers.length === 0) return server;
  const weight = realServers.reduce((sum, real) => sum + real.weight, 0);
  return { ...rest, realServers, quorum: Math.min(server.quorum, Math.max(1, weight)), ...(isSorryReachable ? { sorryServer } : {}) };
}

/** What is not as the file asks for it. */
export interface Shortfall {
  readonly server: VirtualServer;
  /** How many of its services cannot be served, and how many it has. */
  readonly unserved: number;
  readonly services: number;
  /** What is missing for those that cannot be served, each text once. */
  readonly missing: readonly string[];
  /** What those that are served are served without. */
  readonly without: readonly Without[];
}

/** What is not served as the file asks, in the order of the file. */
export function shortfalls(wanted: WantedTable): readonly Shortfall[] {
  const found = new Map<VirtualServer, { services: number; unserved: number; missing: Set<string>; without: readonly Without[] }>();
  for (const service of wanted.values()) {
    const entry = found.get(service.server) ?? { services: 0, unserved: 0, missing: new Set<string>(), without: [] };
    found.set(service.server, entry);
    entry.services += 1;
    const served = servedAs(service);
    if (served.kind === 'served') entry.without = served.without;
    else {
      entry.unserved += 1;
      entry.missing.add(served.missing);
    }
  }
  return [...found]
    .filter(([, { unserved, without }]) => unserved > 0 || without.length > 0)
    .map(([server, { services, unserved, missing, without }]) => ({ server, services, unserved, missing: [...missing], without }));
}

/** `SCTP services (--sctp-service) are not there yet`; of a group of which a part is served: how many services it is about. */
export function unservedText({ unserved, services, missing }: Pick<Shortfall, 'unserved' | 'services' | 'missing'>): string {
  return `${unserved < services ? `${unserved} of its ${services} services: ` : ''}${missing.join('; ')}`;
}
