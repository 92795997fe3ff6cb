// The virtual servers of a configuration that cannot be served yet, wholly or in part, by the lists of capabilities and schedulers.
import { missingFor } from '../missing-for.js';
import type { VirtualServer } from './virtual-server.js';
import type { WantedService, WantedTable } from './wanted-table.js';

export interface UnservedServer {
  readonly server: VirtualServer;
  /** How many of its services cannot be served, and how many it has. */
  readonly unserved: number;
  readonly services: number;
  /** What is missing, each text once. */
  readonly missing: readonly string[];
}

/** What one service needs and weir does not have yet; undefined: it can be served. A service is served with all its servers or not at all. */
export function missingForWanted({ spec, destinations }: WantedService): string | undefined {
  const service = missingFor({ kind: 'add-service', spec });
  if (service !== undefined) return service;
  for (const destination of destinations) {
    const missing = missingFor({ kind: 'add-destination', service: spec.key, spec: destination });
    if (missing !== undefined) return missing;
  }
  return undefined;
}

/** In the order of the file. */
export function unservedServers(wanted: WantedTable): readonly UnservedServer[] {
  const found = new Map<VirtualServer, { services: number; unserved: number; missing: Set<string> }>();
  for (const service of wanted.values()) {
    const entry = found.get(service.server) ?? { services: 0, unserved: 0, missing: new Set<string>() };
    found.set(service.server, entry);
    entry.services += 1;
    const missing = missingForWanted(service);
    if (missing === undefined) continue;
    entry.unserved += 1;
    entry.missing.add(missing);
  }
  return [...found]
    .filter(([, { unserved }]) => unserved > 0)
    .map(([server, { services, unserved, missing }]) => ({ server, services, unserved, missing: [...missing] }));
}

/** `persistent services (-p) are not there yet`; of a group of which a part is served: how many services it is about. */
export function unservedText({ unserved, services, missing }: UnservedServer): string {
  return `${unserved < services ? `${unserved} of its ${services} services: ` : ''}${missing.join('; ')}`;
}
