// One connection as values with names: what weir conns --json and the API show of it.
import type { FoundConnection } from '../../datapath/ebpf/observe/connection-filter.js';
import { endpointText } from '../../model/endpoint-text.js';

/** undefined: it goes past the servers, to its own address. */
export const serverOf = ({ method, destination }: FoundConnection): string | undefined =>
  method === 'bypass' ? undefined : endpointText(destination);

export interface ConnectionValue {
  readonly protocol: string;
  readonly client: string;
  readonly virtual: string;
  readonly server: string | null;
  readonly method: string;
  readonly state: string;
  /** Both in seconds: until it expires, since its last packet. */
  readonly expires: number;
  readonly idle: number;
  /** By FULLNAT: what the server sees in the place of the client. */
  readonly local: string | null;
}

export function connectionValue(found: FoundConnection): ConnectionValue {
  const { protocol, client, virtual, method, state, expires, idle, local } = found;
  const ends = { client: endpointText(client), virtual: endpointText(virtual), server: serverOf(found) ?? null };
  return { protocol, ...ends, method, state, expires, idle, local: local === undefined ? null : endpointText(local) };
}
