// What the table of this network namespace shows: services and connections, bounded.
import type { TableReader } from '../../datapath/director.js';
import type { Address } from '../../model/address.js';
import { addressId, destinationId } from '../../model/identity.js';
import type { ConnectionEntry, DestinationKey } from '../../model/service.js';
import type { ConnectionFacts, ServiceFact } from '../facts.js';

/** Connections that are read; of more the first ones, which are anywhere in a table of hashes. */
const CONNECTIONS_MAX = 500_000;
const NETWORKS_MAX = 65_536;
/** Clients whose routes are looked up, each of another network. */
const CLIENTS_MAX = 64;
/** SYN_RECV lasts 60 s: with more left than this, the client may still answer. */
const FRESH_S = 57;

export interface TableFacts {
  readonly services: readonly ServiceFact[];
  readonly connections: ConnectionFacts;
  /** One client of each network, with the VIP that it connected to; those whose connections are half open come first. */
  readonly clients: readonly { readonly client: Address; readonly vip: Address }[];
}

export const NO_TABLE: TableFacts = { services: [], connections: { destinations: [], networks: [] }, clients: [] };

interface Count {
  halfOpen: number;
  others: number;
}

const networkOf = ({ family, words }: Address): Address => ({ family, words: words.map((word) => (word & 0xffffff00) >>> 0) });

/** Counts by destination and by the clients' networks. */
export function summary(entries: Iterable<ConnectionEntry>): Pick<TableFacts, 'connections' | 'clients'> {
  const destinations = new Map<string, Count & { virtual: DestinationKey; destination: DestinationKey }>();
  const networks = new Map<string, Count & { network: Address; client: Address; vip: Address }>();
  let left = CONNECTIONS_MAX;
  for (const { protocol, client, virtual, destination, state, expires } of entries) {
    if (left-- === 0) break;
    if (client.address.family !== 'inet') continue;
    const place = `${destinationId(virtual)} ${destinationId(destination)}`;
    const server = destinations.get(place) ?? { halfOpen: 0, others: 0, virtual, destination };
    destinations.set(place, server);
    const net = networkOf(client.address);
    const id = addressId(net);
    const clients = networks.get(id) ?? { halfOpen: 0, others: 0, network: net, client: client.address, vip: virtual.address };
    if (networks.size < NETWORKS_MAX) networks.set(id, clients);
    const halfOpen = protocol === 'TCP' && state === 'SYN_RECV';
    for (const count of [server, clients]) {
      if (!halfOpen) count.others += 1;
      else if (expires <= FRESH_S) count.halfOpen += 1;
    }
  }
  const sample = [...networks.values()].sort((a, b) => b.halfOpen - a.halfOpen || b.others - a.others).slice(0, CLIENTS_MAX);
  return {
    connections: {
      destinations: [...destinations.values()],
      networks: [...networks.values()].map(({ network, halfOpen, others }) => ({ network, halfOpen, others })),
    },
    clients: sample.map(({ client, vip }) => ({ client, vip })),
  };
}

export function collectTable(director: TableReader): TableFacts {
  const entries = director.services();
  return {
    services: entries.map(({ spec, destinations }) => ({ spec, destinations: destinations.map((one) => one.spec) })),
    ...summary(director.connections()),
  };
}
