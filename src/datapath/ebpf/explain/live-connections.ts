// The live connections and templates that one packet may meet: of the buckets in which those of its two ends may be, of the slots in which its
// client's templates may be. Whatever the size of the tables, that is a few hundred slots.
import { IpProtocol } from '../../../model/ip-protocol.js';
import type { Records } from '../../../sys/bpf/records.js';
import { type Connection, serverOf } from '../../memory/packets/connection.js';
import type { ConnectionTable } from '../../memory/packets/connection-table.js';
import type { Endpoint } from '../../memory/packets/endpoint.js';
import { familyOf, type Ip, ipOf } from '../../memory/packets/ip.js';
import { bypassOf, isByCall, type ServiceRecord } from '../../memory/packets/records.js';
import type { Scope } from '../../memory/packets/scope.js';
import { type Template as MemoryTemplate, networkOf } from '../../memory/packets/template.js';
import type { TemplateHash, TemplateTable } from '../../memory/packets/template-table.js';
import { SCTP_STATES } from '../../sctp-state.js';
import { TCP_STATES } from '../../tcp-state.js';
import { Abi, AddressFamily } from '../abi.gen.js';
import { Template6 } from '../abi6.gen.js';
import { BypassAbi } from '../bypass.gen.js';
import { Calls } from '../table/calls.js';
import { clockDifference } from '../table/clock.js';
import type { HashKeys } from '../table/endpoint-table.js';
import { connectionMethodName } from '../table/identity.js';
import { connectionHome, templateHome } from '../table/key-hash.js';
import { type Beside, bucketCount, connectionsInBuckets, type SlotConnection } from '../table/living-slots.js';
import { modelAddress } from '../table/record-address.js';
import type { ConnectionWords, Tables } from '../table/tables.js';
import { Template, TemplateAbi } from '../template.gen.js';
import { TemplateFlagAbi } from '../template-flag.gen.js';
import type { LiveServices } from './live-services.js';

/**
 * Clients of which one packet may meet connections: its source, its target, the one behind a local address, all of them without a port (FTP's data
 * connections wait there for one), and the one that a line of FTP names. undefined: there is no such client.
 */
export type Clients = readonly (Endpoint | undefined)[];
const CLIENTS_MAX = 8;

/** The reference director's tables for one packet: the buckets of each client in turn. A power of two. */
export const LIVE_BUCKETS = CLIENTS_MAX * Abi.PROBE_BUCKETS;
/** Where those begin that are none of the clients. */
const OTHERS = Abi.PROBE_BUCKETS;

const isSame = (one: Endpoint | undefined, other: Endpoint): boolean => one?.address === other.address && one.port === other.port;

/** Where connections of a client begin in such a table. */
export const liveHome =
  (clients: Clients) =>
  (client: Endpoint): number => {
    const turn = clients.findIndex((one) => isSame(one, client));
    return turn < 0 ? OTHERS : turn * Abi.PROBE_BUCKETS;
  };

export interface Met {
  readonly services: LiveServices;
  /** Clock units: of the reference director, which has the datapath's time. */
  readonly now: number;
  readonly keys: HashKeys;
}

const endpoint = (address: Ip, port: number): Endpoint => ({ address, port });

/** Puts the connections of these clients into a scope's table. */
export function loadConnections(
  { connections }: Scope,
  tables: readonly ConnectionWords[],
  beside: Beside['what'] | undefined,
  clients: Clients,
  met: Met,
): void {
  for (const table of tables) {
    const buckets = bucketCount(table, beside);
    // One that two clients' buckets have is the same connection.
    const known = new Map<number, Connection | undefined>();
    for (const [turn, client] of clients.entries()) {
      if (client === undefined) continue;
      const home = connectionHome(client, met.keys);
      const window = Array.from({ length: Abi.PROBE_BUCKETS }, (_, probe) => ((home + probe) & (buckets - 1)) >>> 0);
      for (const [place, found] of connectionsInBuckets(table, beside, window, met.now)) {
        const slot = (window[Math.floor(place / Abi.BUCKET_SLOTS)] ?? 0) * Abi.BUCKET_SLOTS + (place % Abi.BUCKET_SLOTS);
        if (!known.has(slot)) known.set(slot, liveConnection(found, met));
        const connection = known.get(slot);
        if (connection !== undefined) connections.restore(placeOf(connections, turn * WINDOW_SLOTS, place), connection);
      }
    }
  }
}

const WINDOW_SLOTS = Abi.PROBE_BUCKETS * Abi.BUCKET_SLOTS;

/** Its own place; while connections move from one table to another, two may have the same: then a free one. */
function placeOf(connections: ConnectionTable, first: number, place: number): number {
  const free = Array.from({ length: WINDOW_SLOTS }, (_, k) => first + ((place + k) % WINDOW_SLOTS)).find((slot) =>
    connections.isFree(slot),
  );
  return free ?? first + place;
}

function liveConnection(found: SlotConnection, { services, now }: Met): Connection | undefined {
  const service = services.service(found.service);
  const isPast = found.dest === BypassAbi.BYPASS_DEST;
  const destination = isPast ? bypassOf(service, ipOf(modelAddress(...found.client))) : services.destination(found.dest);
  if (destination === undefined) return undefined;
  const protocol = found.own?.protocol ?? service.protocol;
  const virtual =
    found.own === undefined ? endpoint(service.address, service.port) : endpoint(ipOf(found.own.virtual.address), found.own.virtual.port);
  const states = protocol === IpProtocol.sctp ? SCTP_STATES : TCP_STATES;
  return {
    client: endpoint(ipOf(modelAddress(...found.client)), found.port),
    virtual,
    server: found.own === undefined ? serverOf(destination, virtual) : endpoint(destination.address, found.own.serverPort),
    service,
    protocol,
    destination,
    method: connectionMethodName(found.method),
    state: states[found.state] ?? 'UDP',
    expires: now + clockDifference(found.expires, now),
    noOutput: found.noOutput,
    proven: found.proven,
  };
}

const HOME_SLOTS = TemplateAbi.TEMPLATE_WAYS;
const SECOND_HOME = 0x9e3779b1;
/** Of the reference director's tables of templates: a power of two. */
const HOMES = 2048;
export const LIVE_TEMPLATES = HOMES * HOME_SLOTS;

/** What the upper half of a hash must be for a second home, as TemplateTable takes it. */
const uppers: ReadonlyMap<number, number> = new Map(
  Array.from({ length: HOMES }, (_, upper) => [(Math.imul(upper, SECOND_HOME) & (HOMES - 1)) >>> 0, upper] as const),
);

const textOfKey = (network: Ip, { id }: ServiceRecord): string => `${network} ${id}`;

/** Finds the templates of a packet's ends in the reference director: two homes for a service and a network. */
export class TemplateHomes {
  readonly #numbers = new Map<string, number>();
  /** By slot of the live table. Both homes may be the same one, or another pair's: a template that is found twice is one. */
  readonly #known = new Map<number, MemoryTemplate | undefined>();

  readonly hash: TemplateHash = (network, service) => {
    const n = this.#numbers.get(textOfKey(network, service)) ?? 0;
    return (((uppers.get(2 * n + 1) ?? 0) << 16) | (2 * n)) >>> 0;
  };

  /** The number of the pair; undefined: it has one, or there are too many. */
  add(network: Ip, service: ServiceRecord): number | undefined {
    const [text, n] = [textOfKey(network, service), this.#numbers.size];
    if (this.#numbers.has(text) || 2 * n >= HOMES) return undefined;
    this.#numbers.set(text, n);
    return n;
  }

  /** The template in a slot of the live table, which `read` reads once. */
  templateAt(slot: number, read: () => MemoryTemplate | undefined): MemoryTemplate | undefined {
    if (!this.#known.has(slot)) this.#known.set(slot, read());
    return this.#known.get(slot);
  }
}

const isSix = (address: Ip): boolean => familyOf(address) === 'inet6';

/** Puts the templates of a client into the table of its family. `call`: the packet's Call-ID. */
export function loadTemplates(
  into: TemplateTable,
  live: Tables,
  client: Ip,
  call: string | undefined,
  homes: TemplateHomes,
  met: Met,
): void {
  const records = isSix(client) ? live.templates6() : live.templates();
  if (records === undefined) return;
  const calls = new Calls(live);
  try {
    for (const [id, service] of [...met.services.all()]) {
      const network = familyOf(service.address) === familyOf(client) ? networkOf(service, client) : undefined;
      const n = network === undefined ? undefined : homes.add(network, service);
      if (network === undefined || n === undefined) continue;
      const hash = templateHome(network, id, isByCall(service) ? call : undefined, met.keys);
      for (const [which, home] of [hash, Math.imul(hash >>> 16, SECOND_HOME)].entries())
        for (let way = 0; way < HOME_SLOTS; way++) {
          const slot = ((Math.imul(home, HOME_SLOTS) + way) & (records.count - 1)) >>> 0;
          const template = homes.templateAt(slot, () => liveTemplate({ records, slot, calls, isSix: isSix(client) }, met));
          if (template !== undefined) into.restore((2 * n + which) * HOME_SLOTS + way, template);
        }
    }
  } finally {
    calls.close();
  }
}

interface LiveSlot {
  readonly records: Records;
  readonly slot: number;
  readonly calls: Calls;
  readonly isSix: boolean;
}

const isSet = (value: bigint, flag: number | bigint): boolean => (value & BigInt(flag)) !== 0n;

function liveTemplate({ records, slot, calls, isSix }: LiveSlot, { services, now }: Met): MemoryTemplate | undefined {
  const [key, value] = [records.big(slot, Template.key), records.big(slot, Template.value)];
  const dest = Number(value >> BigInt(TemplateAbi.T_DEST_SHIFT)) & TemplateAbi.T_DEST_MASK;
  if (dest === 0 || dest === TemplateAbi.T_DEST_MASK) return undefined;
  const words = isSix ? [0, 1, 2, 3].map((k) => records.get(slot, Template6.client, k)) : [Number(key & 0xffffffffn)];
  const isOfCall = ((key >> BigInt(Abi.K_PORT_SHIFT)) & 0xffffn) !== 0n;
  const call = isOfCall ? calls.idAt(slot, isSix ? AddressFamily.F_INET6 : AddressFamily.F_INET) : undefined;
  const [service, destination] = [services.service(Number(key >> BigInt(Abi.K_SERVICE_SHIFT))), services.destination(dest)];
  if (destination === undefined) return undefined;
  return {
    network: ipOf(modelAddress(...words)),
    service,
    destination,
    timeout: records.get(slot, Template.timeout),
    expires: now + clockDifference(Number(value & 0xffffffffn), now),
    held: isSet(value, TemplateAbi.T_HELD),
    call,
    begun: [],
    assured: isSet(value, TemplateAbi.T_ASSURED),
    answered: isSet(value, TemplateFlagAbi.T_ANSWERED),
    lost: isSet(value, TemplateFlagAbi.T_LOST),
  };
}
