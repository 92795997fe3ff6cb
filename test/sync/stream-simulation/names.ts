// Connections of a table in memory by endpoints, as they travel, and back. Each node has numbers of its own for its servers.
import { secondsOf, unitsOf } from '../../../src/datapath/ebpf/table/clock.js';
import { ItemBits, type StreamItem } from '../../../src/wire/sync/stream-item.js';
import { ip } from '../../support/ip.js';
import { itemOf as streamItem } from '../../support/stream-objects.js';
import { sampleConnection } from '../../support/stream-records.js';
import { type ApplyRecord, HZ, type Living, unitsOfState } from './memory-table.js';

export const SERVERS = 3;

export interface Names {
  readonly node: number;
}

export const destOfServer = ({ node }: Names, server: number): number => 1 + ((server + node) % SERVERS);
export const serverOfDest = ({ node }: Names, dest: number): number => (dest - 1 + SERVERS - (node % SERVERS)) % SERVERS;

/** own-items.ts */
export function itemOf({ key, dest, state, left, idle }: Living, names: Names, isOwn = false): StreamItem {
  const server = { address: ip(`10.0.0.${serverOfDest(names, dest) + 1}`), port: 8080 };
  const client = { address: ip('198.51.100.7'), port: key };
  const { seen: _, ...connection } = sampleConnection.connection;
  const item = streamItem({ ...sampleConnection, destination: server, connection: { ...connection, client, server, state } });
  item.secondsLeft = Math.max(1, Math.round(secondsOf(left, HZ)));
  item.idleSeconds = secondsOf(idle, HZ);
  if (isOwn) item.bits |= ItemBits.own;
  return item;
}

/** apply-records.ts. `delay`: hundredths of a second that it was on its way. */
export function recordOf(
  { destination, port, bits, seconds, idle, serverPort }: StreamItem,
  delay: number,
  ended: boolean,
  names: Names,
): ApplyRecord {
  if (serverPort !== destination.key.port) throw new RangeError(`port ${serverPort}`);
  const state = bits & ItemBits.state;
  const dest = destOfServer(names, ((destination.key.address.words[0] ?? 0) & 0xff) - 1);
  const left = unitsOf(seconds, HZ);
  const idleUnits = unitsOf((idle + delay) / 100, HZ);
  return {
    key: port,
    dest,
    state,
    left: Math.max(0, Math.min(left + unitsOf(1, HZ), unitsOfState(state) - idleUnits)),
    idle: idleUnits,
    ended,
    rival: true,
    isOwn: (bits & ItemBits.own) !== 0,
  };
}
