// A scope is to the reference director what a build is to the programs: services of one kind with their connection table. For each family, and again
// for SCTP, there are two: services with a port (exact), and those of all ports and of marks, with FTP's data connections. A packet that concerns
// no service of the first goes on to the second, as it goes from one build to the next.
import type { ConnectionTable } from './connection-table.js';
import type { Endpoint } from './endpoint.js';
import type { Records, ServiceRecord } from './records.js';

export interface Asked {
  readonly client: Endpoint;
  /** Clock units. */
  readonly now: number;
}

export interface Scope {
  /** Its services have virtual ports that the packets choose, and replies are looked for before requests. */
  readonly allPorts: boolean;
  readonly connections: ConnectionTable;
  /** The service of an endpoint; also one that was removed. `asked`: with whom, and when. */
  service(endpoint: Endpoint, protocol: number, asked: Asked): ServiceRecord | undefined;
  /** May a masqueraded server answer from there? */
  answers(endpoint: Endpoint, protocol: number): boolean;
}

export const exactScope = (records: Records, connections: ConnectionTable): Scope => ({
  allPorts: false,
  connections,
  service: ({ address, port }, protocol) => records.exact(address, port, protocol),
  answers: ({ address, port }, protocol) => records.answersExactly(address, port, protocol),
});

export const allPortsScope = (records: Records, connections: ConnectionTable): Scope => ({
  allPorts: true,
  connections,
  service: (endpoint, protocol, { client, now }) => {
    // A connection that there is decides: a packet shows neither its mark nor whether it is FTP's data.
    const known = connections.serviceOf({ client, virtual: endpoint, protocol }, now);
    const ftp = records.ftp(endpoint, protocol);
    return known ?? (ftp?.live ? ftp : records.allPorts(endpoint.address, protocol));
  },
  answers: (endpoint, protocol) => records.answersByAddress(endpoint, protocol),
});
