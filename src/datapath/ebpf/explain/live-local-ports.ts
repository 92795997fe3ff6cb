// FULLNAT's flows as they are in the loaded datapath, for one packet that is explained: none is made.
import { existsSync } from 'node:fs';
import type { Family } from '../../../model/address.js';
import { BpfMap } from '../../../sys/bpf/bpf-objects.js';
import { encodeRecord, u32 } from '../../../sys/bpf/records.js';
import { using } from '../../../sys/fd.js';
import { swap16, viewOf } from '../../../wire/bytes.js';
import { type ClientReport, noReport } from '../../memory/packets/client-address.js';
import type { Connection } from '../../memory/packets/connection.js';
import type { Endpoint } from '../../memory/packets/endpoint.js';
import { addressOf, familyOf, type Ip, ipOf } from '../../memory/packets/ip.js';
import {
  isWideConnection,
  type LocalEnd,
  type LocalFlow,
  type LocalPorts,
  RIVALS_PASSED,
  RIVALS_PASSED_IF_FULL,
} from '../../memory/packets/local-ports.js';
import type { DestinationRecord } from '../../memory/packets/records.js';
import { Dest } from '../abi.gen.js';
import { ClientAddress, FullnatAbi, FullnatClient, FullnatPlace, FullnatVirtual } from '../fullnat.gen.js';
import { Fullnat6Client } from '../fullnat6.gen.js';
import { encodePair, FullnatPools } from '../table/fullnat-pools.js';
import { modelAddress, packetWords } from '../table/record-address.js';
import { fullnatPin, type Tables } from '../table/tables.js';

const { FULLNAT_PROTOCOL_SHIFT } = FullnatAbi;
const WORD_BYTES = 4;
const PORT_MASK = 0xffff;

/** What a flow has, by the records' numbers. */
interface FoundFlow {
  readonly client: Endpoint;
  readonly dest: number;
  /** undefined: its service's endpoint. */
  readonly virtual: Endpoint | undefined;
  /** The server's port, and the protocol. undefined: its destination's. */
  readonly reached: { readonly port: number; readonly protocol: number } | undefined;
  readonly report: ClientReport;
}

const recordOf = (address: Ip): typeof FullnatClient | typeof Fullnat6Client =>
  familyOf(address) === 'inet' ? FullnatClient : Fullnat6Client;

const wordsOf = (address: Ip): readonly number[] => packetWords(addressOf(address));

/** `count` words of a record in the order of a packet. */
function addressAt(view: DataView, { at, count }: { readonly at: number; readonly count: number }): Ip {
  return ipOf(modelAddress(...Array.from({ length: count }, (_, k) => view.getUint32(at + k * WORD_BYTES, true))));
}

/** What a connection's flow is found by. `wide`: with its virtual endpoint. */
function keyOf({ client, virtual, protocol }: Parameters<LocalPorts['known']>[0], dest: number, wide: boolean): Uint8Array {
  const key = { client: wordsOf(client.address), port: swap16(client.port) };
  if (!wide) return encodeRecord(recordOf(client.address), { ...key, dest });
  const wideKey = { ...key, vaddr: wordsOf(virtual.address), vport: swap16(virtual.port) };
  return encodeRecord(recordOf(client.address), { ...wideKey, dest: (dest | (protocol << FULLNAT_PROTOCOL_SHIFT)) >>> 0 });
}

/** By enum report_state. */
const REPORT_STATES: readonly ClientReport['state'][] = ['new', 'sent', 'passed', 'known'];

/** How a client is reported, as a flow's value has it. */
function reportIn(place: DataView): ClientReport {
  const word = place.getUint32(FullnatPlace.report.at, true);
  const number = word & FullnatAbi.REPORT_HOW;
  const how = number === ClientAddress.CLIENT_TOA ? 'toa' : number === ClientAddress.CLIENT_PROXY ? 'proxy' : undefined;
  return {
    how,
    state: REPORT_STATES[word >>> FullnatAbi.REPORT_STATE_SHIFT] ?? 'new',
    first: place.getUint32(FullnatPlace.first.at, true),
  };
}

/** May the ports of a pool that are next all be rivals'? */
const mayBeRivals = ({ used, ports, rivals }: ReturnType<FullnatPools['rivalsOf']>[number]): boolean =>
  rivals >= (used + rivals < ports ? RIVALS_PASSED : RIVALS_PASSED_IF_FULL);

export class LiveLocalPorts implements LocalPorts {
  /** The number of a destination's record. */
  idOf: (destination: DestinationRecord) => number | undefined = () => undefined;
  /** A destination by that number. */
  destinationAt: (id: number) => DestinationRecord | undefined = () => undefined;
  /** A connection that has no flow yet would get one, with a port that is known only then. */
  made = false;
  /** The ports that are next may all be passed over. */
  mayPassOver = false;

  /** `givesWay`: where no port is free, whether another connection gives way. `passesOver`: whether all ports that may be passed over are. */
  constructor(
    readonly tables: Tables,
    readonly givesWay: () => boolean = () => true,
    readonly passesOver: () => boolean = () => false,
  ) {}

  /** How many flows of a family there may be. */
  flowsMax(family: Family): number {
    return using(BpfMap.pinned(`${this.tables.folder}/${fullnatPin(family, 'fullnat_clients')}`), (map) => map.info().maxEntries);
  }

  /** What stands for the client of a connection. undefined: it has no flow. */
  localOf(connection: Connection): LocalEnd | undefined {
    return connection.destination.locals.length === 0 ? undefined : this.known(connection);
  }

  /** Of a connection that has none, the address that its client would get first; its port is 0. Where all are in use, one is taken to give way. */
  take(connection: Connection, _now: number, gaveWay: () => void): LocalEnd | undefined {
    const known = this.known(connection);
    if (known !== undefined) return known;
    const dest = this.idOf(connection.destination);
    const all = new FullnatPools(this.tables);
    const pools = dest === undefined ? [] : all.useOf(dest);
    const family = familyOf(connection.client.address);
    this.mayPassOver = dest !== undefined && all.rivalsOf(dest).some(mayBeRivals);
    const fits = all.usedOf(family) < this.flowsMax(family) && !(isWideConnection(connection) && this.#isVirtualsFull());
    const hasRoom = fits && !(this.mayPassOver && this.passesOver());
    const free = hasRoom ? pools.find(({ used, ports }) => used < ports) : undefined;
    const chosen = free ?? (this.givesWay() ? pools[0] : undefined);
    if (chosen === undefined) return undefined;
    this.made = true;
    if (free === undefined) gaveWay();
    return { address: ipOf(chosen.local), port: 0, report: noReport() };
  }

  /** Of both families: the virtual endpoints beside flows of services of all ports, of marks, and of FTP's data. */
  #isVirtualsFull(): boolean {
    return using(BpfMap.pinned(`${this.tables.folder}/fullnat_virtuals`), (map) => [...map.keys()].length >= map.info().maxEntries);
  }

  known(connection: Parameters<LocalPorts['known']>[0]): LocalEnd | undefined {
    const found = this.#valueOf(connection);
    if (found === undefined) return undefined;
    const place = found.getUint32(FullnatPlace.place.at, true);
    return { address: ipOf(new FullnatPools(this.tables).localAt(place >>> 16)), port: place & PORT_MASK, report: reportIn(found) };
  }

  /** The flow of a connection: its pool, and in the lower half its port. undefined: it has none. */
  placeOf(connection: Parameters<LocalPorts['known']>[0]): number | undefined {
    return this.#valueOf(connection)?.getUint32(FullnatPlace.place.at, true);
  }

  #valueOf(connection: Parameters<LocalPorts['known']>[0]): DataView | undefined {
    const dest = this.idOf(connection.destination) ?? 0;
    const key = keyOf(connection, dest, isWideConnection(connection));
    const found = this.#lookup(fullnatPin(familyOf(connection.client.address), 'fullnat_clients'), key, FullnatPlace.bytes);
    const isOwn = found !== undefined && new FullnatPools(this.tables).isOf(found.getUint32(FullnatPlace.place.at, true) >>> 16, dest);
    return isOwn ? found : undefined;
  }

  flowOf(server: Endpoint, local: Endpoint, protocol: number): LocalFlow | undefined {
    const found = this.#found(server, local, protocol);
    const destination = found && this.destinationAt(found.dest);
    if (found === undefined || destination === undefined) return undefined;
    const { client, virtual = destination.service, report } = found;
    return { client, virtual: { address: virtual.address, port: virtual.port }, destination, report };
  }

  /** The client that a server's packet is for. undefined: no flow has these ends. */
  clientOf(server: Endpoint, local: Endpoint, protocol: number): Endpoint | undefined {
    return this.#found(server, local, protocol)?.client;
  }

  #found(server: Endpoint, local: Endpoint, protocol: number): FoundFlow | undefined {
    const family = familyOf(server.address);
    if (familyOf(local.address) !== family) return undefined;
    const both = { family, server: wordsOf(server.address), local: wordsOf(local.address) };
    for (const ends of [
      { ...both, serverPort: swap16(server.port), protocol },
      { ...both, serverPort: 0, protocol: 0 },
    ]) {
      const pool = this.#lookup(fullnatPin(family, 'fullnat_ends'), encodePair(ends), WORD_BYTES)?.getUint32(0, true);
      const flow = pool === undefined ? undefined : this.#flowAt(((pool << 16) | local.port) >>> 0, family === 'inet');
      if (flow !== undefined && (ends.serverPort !== 0 || this.#isBetween(flow, server, protocol))) return flow;
    }
    return undefined;
  }

  /** Is a flow of a pool for all ports one with this port of the server? */
  #isBetween({ dest, reached }: FoundFlow, { port }: Endpoint, protocol: number): boolean {
    const { dests } = this.tables;
    const { port: serverPort, protocol: own } = reached ?? {
      port: swap16(dests.get(dest, Dest.port)),
      protocol: dests.get(dest, Dest.protocol),
    };
    return serverPort === port && own === protocol;
  }

  #lookup(name: string, key: Uint8Array, bytes: number): DataView | undefined {
    const path = `${this.tables.folder}/${name}`;
    const value = new Uint8Array(bytes);
    return existsSync(path) && using(BpfMap.pinned(path), (map) => map.lookup(key, value)) ? viewOf(value) : undefined;
  }

  /** A pool's own array cannot be opened by who only looks: the flows are walked. */
  #flowAt(place: number, four: boolean): FoundFlow | undefined {
    const layout = four ? FullnatClient : Fullnat6Client;
    return using(BpfMap.pinned(`${this.tables.folder}/${fullnatPin(four ? 'inet' : 'inet6', 'fullnat_clients')}`), (map) => {
      const value = new Uint8Array(FullnatPlace.bytes);
      for (const key of map.keys()) {
        if (!map.lookup(key, value) || viewOf(value).getUint32(FullnatPlace.place.at, true) !== place) continue;
        const view = viewOf(key);
        const client = { address: addressAt(view, layout.client), port: swap16(view.getUint16(layout.port.at, true)) };
        const dest = view.getUint32(layout.dest.at, true) & ((1 << FULLNAT_PROTOCOL_SHIFT) - 1);
        return { client, dest, virtual: undefined, reached: undefined, report: reportIn(viewOf(value)), ...this.#virtualAt(place, four) };
      }
      return undefined;
    });
  }

  #virtualAt(place: number, four: boolean): Pick<FoundFlow, 'virtual' | 'reached'> | undefined {
    const value = new Uint8Array(FullnatVirtual.bytes);
    const path = `${this.tables.folder}/fullnat_virtuals`;
    if (!using(BpfMap.pinned(path), (map) => map.lookup(u32(place), value))) return undefined;
    const view = viewOf(value);
    const count = four ? 1 : FullnatVirtual.addr.count;
    const portAt = (field: { readonly at: number }): number => swap16(view.getUint16(field.at, true));
    return {
      virtual: { address: addressAt(view, { at: FullnatVirtual.addr.at, count }), port: portAt(FullnatVirtual.port) },
      reached: { port: portAt(FullnatVirtual.serverPort), protocol: view.getUint32(FullnatVirtual.protocol.at, true) },
    };
  }
}
