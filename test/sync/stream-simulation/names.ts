// Connections of a table in memory by endpoints, as they travel, and back. Each node has numbers of its own for its servers.
import { secondsOf, unitsOf } from '../../../src/datapath/ebpf/table/clock.js';
import type { ForeignConnection } from '../../../src/model/foreign-connection.js';
import type { StreamConnection } from '../../../src/wire/stream-record.js';
import { ip } from '../../support/ip.js';
import { sampleConnection } from '../../support/stream-records.js';
import { type ApplyRecord, HZ, type Living, unitsOfState } from './memory-table.js';

export const SERVERS = 3;

export interface Names {
  readonly node: number;
}

export const destOfServer = ({ node }: Names, server: number): number => 1 + ((server + node) % SERVERS);
export const serverOfDest = ({ node }: Names, dest: number): number => (dest - 1 + SERVERS - (node % SERVERS)) % SERVERS;

/** own-connections.ts */
export function itemOf({ key, dest, state, left }: Living, names: Names): StreamConnection {
  const server = { address: ip(`10.0.0.${serverOfDest(names, dest) + 1}`), port: 8080 };
  const client = { address: ip('198.51.100.7'), port: key };
  const seconds = Math.max(1, Math.round(secondsOf(left, HZ)));
  const { seen: _, ...connection } = sampleConnection.connection;
  return { ...sampleConnection, destination: server, connection: { ...connection, client, server, state, seconds } };
}

/** connection-applier.ts: writeConnection */
export function recordOf({ client, server, state, seconds, idle, ended }: ForeignConnection, names: Names): ApplyRecord {
  const most = unitsOfState(state);
  const dest = destOfServer(names, ((server.address.words[0] ?? 0) & 0xff) - 1);
  const left = unitsOf(seconds, HZ);
  return {
    key: client.port,
    dest,
    state,
    left: idle === undefined ? left : Math.max(0, Math.min(left + unitsOf(1, HZ), most - unitsOf(idle, HZ))),
    idle: idle === undefined ? 0 : unitsOf(idle, HZ),
    ended: ended === true,
    rival: idle !== undefined,
  };
}
