// The services of one kind, with the table of their connections: the exact ones, or those of all ports of an address and of marks, of a
// family, with the data of FTP's; SCTP has its own. A packet that concerns none of the exact ones goes on to the second, as it goes on to another
// program.
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
  /** schedule_icmp works. */
  readonly schedulesIcmp: boolean;
  readonly connections: ConnectionTable;
  /** The service of an endpoint; also one that was removed. `asked`: with whom, and when. */
  service(endpoint: Endpoint, protocol: number, asked: Asked): ServiceRecord | undefined;
  /** May a masqueraded server answer from there? */
  answers(endpoint: Endpoint, protocol: number): boolean;
}

export const exactScope = (records: Records, connections: ConnectionTable, schedulesIcmp: boolean): Scope => ({
  allPorts: false,
  schedulesIcmp,
  connections,
  service: ({ address, port }, protocol) => records.exact(address, port, protocol),
  answers: ({ address, port }, protocol) => records.answersExactly(address, port, protocol),
});

export const allPortsScope = (records: Records, connections: ConnectionTable, schedulesIcmp: boolean): Scope => ({
  allPorts: true,
  schedulesIcmp,
  connections,
  service: (endpoint, protocol, { client, now }) => {
    // A connection that there is decides: a packet shows neither its mark nor whether it is FTP's data.
    const known = connections.serviceOf({ client, virtual: endpoint, protocol }, now);
    const ftp = records.ftp(endpoint, protocol);
    return known ?? (ftp?.live ? ftp : records.allPorts(endpoint.address, protocol));
  },
  answers: (endpoint, protocol) => records.answersByAddress(endpoint, protocol),
});
