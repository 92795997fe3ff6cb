// Consistency of a virtual server once its real servers are known: duplicates, ports, and the quorum against the weights.
import { formatAddress } from '../../../../model/address-text.js';
import { destinationId } from '../../../../model/identity.js';
import type { RealServer, VirtualServerGroup } from '../../../../model/keepalived/virtual-server.js';
import type { Report } from '../../diagnostics/report.js';
import type { Origin } from '../../keyword.js';
import { endpointName } from './endpoint.js';

/** A server and its place. `portless`: it has the service's port. */
export interface PlacedServer {
  readonly server: RealServer;
  readonly at: Origin;
  readonly portless: boolean;
}

/**
 * Keeps the first of servers with one address and port. If only one of them names the port, keepalived -t does not notice, so it is no
 * error.
 */
export function withoutDuplicates(servers: readonly PlacedServer[], name: string, protocol: string, report: Report): readonly RealServer[] {
  const seen = new Map<string, PlacedServer>();
  for (const one of servers) {
    const id = destinationId(one.server);
    const first = seen.get(id);
    if (first === undefined) {
      seen.set(id, one);
      continue;
    }
    const server = endpointName(one.server.address, protocol, one.server.port);
    const severity = one.portless === first.portless ? 'error' : 'notice';
    report('real-server-twice', one.at, { name, server, line: first.at.line }, severity);
  }
  return [...seen.values()].map(({ server }) => server);
}

/** Only NAT can change the port: members of a group must have the port of their servers. */
export function checkGroupPorts(
  group: VirtualServerGroup | undefined,
  name: string,
  servers: readonly RealServer[],
  protocol: string,
  at: Origin,
  report: Report,
): void {
  for (const member of group?.members ?? []) {
    if (member.kind !== 'range') continue;
    for (const server of servers) {
      if (server.method === 'masq' || server.port === 0 || server.port === member.port) continue;
      const where = `${name}:[${formatAddress(member.first)},${member.port}]`;
      report('virtual-server-group-ports', at, { where, server: endpointName(server.address, protocol, server.port) });
    }
  }
}

/** A quorum above the total weight is never reached, and a hysteresis not below it never left: both are lowered. */
export function fitQuorum(
  quorum: number,
  hysteresis: number,
  servers: readonly RealServer[],
  name: string,
  at: Origin,
  report: Report,
): { readonly quorum: number; readonly hysteresis: number } {
  const total = servers.reduce((sum, { weight }) => sum + weight, 0);
  const fitted = Math.min(quorum, total);
  if (fitted < quorum) report('quorum-above-weights', at, { quorum, name, total });
  if (hysteresis < fitted) return { quorum: fitted, hysteresis };
  const lower = Math.max(fitted - 1, 0);
  report('hysteresis-above-quorum', at, { name, hysteresis, fitted, lower });
  return { quorum: fitted, hysteresis: lower };
}
