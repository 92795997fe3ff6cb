// In which state a server of a service is, from the table and from what the checker published.
import { serviceName } from '../../control/virtual-server/names.js';
import type { PublishedServer } from '../../host/published-checks.js';
import { effectiveWeight } from '../../model/drain/effective-weight.js';
import { endpointText, parseEndpoint } from '../../model/endpoint-text.js';
import { madeOnce } from '../../model/made-once.js';
import type { DestinationEntry, DestinationSpec, ServiceEntry, ServiceKey } from '../../model/service.js';

/** quiesced: weight 0. draining: a drain or an override holds it at 0. down: its checks failed. sorry: it serves for servers that are down. */
export const SERVER_STATES = ['up', 'quiesced', 'draining', 'down', 'sorry'] as const;
export type ServerState = (typeof SERVER_STATES)[number];

export type CheckedServer = PublishedServer['reals'][number];

export interface ServerEntry {
  /** `192.0.2.10:80` */
  readonly name: string;
  readonly state: ServerState;
  /** Absent: it is not in the table, since it is down. */
  readonly entry?: DestinationEntry;
  /** Absent: no daemon checks it. */
  readonly check?: CheckedServer;
}

/** By DR and by a tunnel packets keep their port, so the table has the service's. */
function tableName(key: ServiceKey, server: string, destinations: ReadonlyMap<string, DestinationEntry>): string {
  if (destinations.has(server) || key.kind === 'fwmark') return server;
  const endpoint = parseEndpoint(server);
  if (endpoint === undefined) return server;
  const kept = endpointText({ ...endpoint, port: key.port });
  return destinations.has(kept) ? kept : server;
}

function stateOf(entry: DestinationEntry, check: CheckedServer | undefined, checked: PublishedServer | undefined): ServerState {
  if (check?.up === false) return 'down';
  if (check === undefined && checked?.sorry === true) return 'sorry';
  if (effectiveWeight(entry) > 0) return 'up';
  return entry.held === undefined ? 'quiesced' : 'draining';
}

const nameOf = madeOnce((spec: DestinationSpec) => endpointText(spec));

/** The servers of a service: those of the table, and behind them those that are checked, down, and not in it. */
export function serversOf({ spec: { key }, destinations }: ServiceEntry, checked: PublishedServer | undefined): readonly ServerEntry[] {
  if (checked === undefined)
    return destinations.map((entry) => ({ name: nameOf(entry.spec), state: stateOf(entry, undefined, undefined), entry }));
  const byName = new Map(destinations.map((entry) => [nameOf(entry.spec), entry]));
  const checks = new Map((checked?.reals ?? []).map((real) => [tableName(key, real.server, byName), real]));
  const present = [...byName].map(([name, entry]): ServerEntry => {
    const check = checks.get(name);
    return { name, state: stateOf(entry, check, checked), entry, ...(check === undefined ? {} : { check }) };
  });
  const absent = [...checks].filter(([name]) => !byName.has(name));
  return [...present, ...absent.map(([name, check]): ServerEntry => ({ name, state: check.up ? 'quiesced' : 'down', check }))];
}

/** By the name of a virtual server; those of groups have the group's. */
export const checkedOf = (checks: ReadonlyMap<string, PublishedServer>, key: ServiceKey): PublishedServer | undefined =>
  checks.get(serviceName(key));
