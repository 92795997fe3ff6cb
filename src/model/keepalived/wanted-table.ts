// The table that keepalived.conf asks for: each virtual server's services with their destinations, before health checks change it.
import type { Address } from '../address.js';
import { serviceId } from '../identity.js';
import type { DestinationSpec, ServiceKey, ServiceSpec } from '../service.js';
import type { KeepalivedConfiguration } from './configuration.js';
import type { GroupMember, RealServer, VirtualServer } from './virtual-server.js';

export interface WantedService {
  /** Of whose services it is one. */
  readonly server: VirtualServer;
  readonly spec: ServiceSpec;
  readonly destinations: readonly DestinationSpec[];
}

/** By `serviceId`, in the order of the file. */
export type WantedTable = ReadonlyMap<string, WantedService>;

/** The address that is `step` above another one, with carry. */
export function addressAfter({ family, words }: Address, step: number): Address {
  const out = [...words];
  let carry = step;
  for (let index = out.length - 1; index >= 0 && carry > 0; index--) {
    const sum = (out[index] ?? 0) + carry;
    out[index] = sum >>> 0;
    carry = Math.floor(sum / 2 ** 32);
  }
  return { family, words: out };
}

function keysOf(member: GroupMember, { protocol, realServers }: VirtualServer): readonly ServiceKey[] {
  if (member.kind === 'fwmark') {
    return [{ kind: 'fwmark', family: member.family ?? realServers[0]?.address.family ?? 'inet', mark: member.mark }];
  }
  const { first, count, port } = member;
  return Array.from({ length: count }, (_, step) => ({ kind: 'address', protocol, address: addressAfter(first, step), port }));
}

/** The services of one virtual server: its own, or those of its group. */
function servicesOf(server: VirtualServer, { virtualServerGroups }: KeepalivedConfiguration): readonly ServiceKey[] {
  const { target } = server;
  if (target.kind === 'service') return [target.key];
  const group = virtualServerGroups.find(({ name }) => name === target.group);
  return (group?.members ?? []).flatMap((member) => keysOf(member, server));
}

/** Direct routing and tunnels cannot change a port, so the service's port is used. */
function destination(real: RealServer, key: ServiceKey): DestinationSpec {
  const { address, method, weight, upperThreshold, lowerThreshold, tunnel, localAddresses, clientAddress } = real;
  const keepsPort = method === 'route' || method === 'tunnel';
  const port = keepsPort && key.kind === 'address' ? key.port : real.port;
  return {
    ...{ address, port, method, weight, upperThreshold, lowerThreshold, tunnel },
    ...(localAddresses === undefined ? {} : { localAddresses }),
    ...(clientAddress === undefined ? {} : { clientAddress }),
  };
}

/** All servers of the file, or the sorry server if all of them together do not reach the quorum. */
function serversInUse({ realServers, quorum, sorryServer }: VirtualServer): readonly RealServer[] {
  const weight = realServers.reduce((sum, real) => sum + real.weight, 0);
  return sorryServer !== undefined && (realServers.length === 0 || weight < quorum) ? [sorryServer] : realServers;
}

/** The services of one virtual server, each with the destinations that these real servers make. */
export function wantedServices(
  server: VirtualServer,
  pool: readonly RealServer[],
  configuration: KeepalivedConfiguration,
): readonly WantedService[] {
  const { scheduler, schedFlags, onePacket, persistence } = server;
  return servicesOf(server, configuration).map((key) => {
    const spec: ServiceSpec = { key, scheduler, schedFlags, onePacket, ...(persistence === undefined ? {} : { persistence }) };
    return { server, spec, destinations: pool.map((real) => destination(real, key)) };
  });
}

/** If two virtual servers define one service, the first counts. */
export function wantedTable(configuration: KeepalivedConfiguration): WantedTable {
  const table = new Map<string, WantedService>();
  for (const server of configuration.virtualServers) {
    for (const service of wantedServices(server, serversInUse(server), configuration)) {
      const id = serviceId(service.spec.key);
      if (!table.has(id)) table.set(id, service);
    }
  }
  return table;
}
