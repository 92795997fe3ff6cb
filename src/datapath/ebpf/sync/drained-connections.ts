// The connections that a drain has left: read from the tables for their resets, and ended in them.
import type { Address } from '../../../model/address.js';
import { type Drain, targetsOf } from '../../../model/drain/drain.js';
import { isTargeted } from '../../../model/drain/drain-target.js';
import type { DrainedConnection } from '../../../model/drain/drained-connection.js';
import { addressId } from '../../../model/identity.js';
import { IpProtocol } from '../../../model/ip-protocol.js';
import { remembered } from '../../../model/remembered.js';
import { swap16 } from '../../../wire/bytes.js';
import { Dest, Service, TcpState } from '../abi.gen.js';
import { clockNow } from '../table/clock.js';
import { recordedDestinations } from '../table/drain-counts.js';
import { FullnatFlows } from '../table/fullnat-flows.js';
import { isTableMoving } from '../table/is-table-moving.js';
import { livingConnections, type SlotConnection } from '../table/living-slots.js';
import { modelAddress, packetWords, recordedAddress } from '../table/record-address.js';
import type { Tables } from '../table/tables.js';
import { tableKind } from './apply-builds.js';
import { ApplyPages, type ApplyWatch } from './apply-pages.js';
import { ApplyRecords } from './apply-records.js';

/** So many are read, and so many are ended at a time. */
const CONNECTIONS_MAX = 65_536;
const { S_TIME_WAIT, S_CLOSE } = TcpState;

/** Whether a virtual address is this host's: connections of others are left alone. */
export type IsHere = (virtual: Address) => boolean;
type DrainTargets = Pick<Drain, 'target' | 'also'>;

const protocolOf = ({ services }: Tables, { own, service }: SlotConnection): number =>
  own?.protocol ?? services.get(service, Service.protocol);

function virtualOf({ services }: Tables, { own, service }: SlotConnection): DrainedConnection['virtual'] {
  return own?.virtual ?? { address: recordedAddress(services, Service, service), port: swap16(services.get(service, Service.port)) };
}

/** Of the drain's destinations, those that were taken out of the table since among them; none in TIME_WAIT, of which nothing more comes. */
function* left(tables: Tables, drain: DrainTargets, isHere: IsHere): Generator<SlotConnection> {
  const targets = targetsOf(drain);
  const own = new Set<number>();
  for (const [id, key, server] of recordedDestinations(tables)) if (targets.some((target) => isTargeted(target, key, server))) own.add(id);
  if (own.size === 0) return;
  const here = remembered(isHere, { idOf: addressId });
  for (const connection of livingConnections(tables, clockNow(tables.conf))) {
    if (!own.has(connection.dest) || !here(virtualOf(tables, connection).address)) continue;
    if (protocolOf(tables, connection) !== IpProtocol.tcp || connection.state !== S_TIME_WAIT) yield connection;
  }
}

/** Those of TCP; of many, some. */
export function drainedConnections(tables: Tables, drain: DrainTargets, isHere: IsHere): readonly DrainedConnection[] {
  const { dests, services } = tables;
  const flows = new FullnatFlows(tables);
  const found: DrainedConnection[] = [];
  try {
    for (const connection of left(tables, drain, isHere)) {
      if (protocolOf(tables, connection) !== IpProtocol.tcp) continue;
      const { client, port, dest, own, service, state } = connection;
      const local = flows.localOf(connection);
      found.push({
        client: { address: modelAddress(...client), port },
        virtual: virtualOf(tables, connection),
        server: { address: recordedAddress(dests, Dest, dest), port: own?.serverPort ?? swap16(dests.get(dest, Dest.port)) },
        mark: services.get(service, Service.mark),
        isClosed: state === S_CLOSE,
        ...(local === undefined ? {} : { local }),
      });
      if (found.length === CONNECTIONS_MAX) break;
    }
  } finally {
    flows.close();
  }
  return found;
}

/**
 * Ends the connections that are left, of all protocols: their next packets belong to none. Those that a reset has closed stay, so that a late packet passes.
 * How many; undefined: a table moves, and they are to be ended again. The caller holds the lock.
 * @throws WeirError kernel-refuses-datapath, pin-missing
 */
export function endConnections(tables: Tables, drain: DrainTargets, isHere: IsHere): number | undefined {
  if (isTableMoving(tables.folder)) return undefined;
  const isClosed = (one: SlotConnection): boolean => protocolOf(tables, one) === IpProtocol.tcp && one.state === S_CLOSE;
  const connections = [...left(tables, drain, isHere)].filter((one) => !isClosed(one));
  const pages = new ApplyPages(tables);
  const records = new ApplyRecords(tables);
  let ended = 0;
  const placed: ApplyWatch['placed'] = (_index, _place, answer) => {
    if (answer === 'ended') ended += 1;
  };
  try {
    for (let at = 0; at < connections.length; at += CONNECTIONS_MAX) {
      const some = connections.slice(at, at + CONNECTIONS_MAX);
      pages.begin(some.length, records.begin(), { placed });
      for (const [index, connection] of some.entries()) endOne(tables, pages, records, index, connection);
      pages.end();
    }
  } finally {
    pages.close();
  }
  return ended;
}

function endOne(tables: Tables, pages: ApplyPages, records: ApplyRecords, index: number, connection: SlotConnection): void {
  const { client, port, own, service, dest, state } = connection;
  const { fields } = records;
  const virtual = virtualOf(tables, connection);
  const protocol = protocolOf(tables, connection);
  fields.client.set(client);
  fields.vaddr.set(packetWords(virtual.address));
  [fields.port, fields.vport] = [swap16(port), swap16(virtual.port)];
  fields.dport = swap16(own?.serverPort ?? 0);
  fields.protocol = protocol;
  records.connection({ service, dest }, state, undefined, false, { seconds: 0, idle: undefined, ended: true });
  const family = client.length === 1 ? 'inet' : 'inet6';
  pages.put(tableKind(family, protocol === IpProtocol.sctp, own !== undefined), index, fields);
}
