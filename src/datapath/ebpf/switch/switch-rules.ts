// Writes the rules of content switching. New pools and paths get numbers that are in no use; then each host changes to its new ones by one store; what
// no host names any more goes last. So each connection is decided by the rules of before or by these, also where a process is killed in between.
import type { Family } from '../../../model/address.js';
import {
  SWITCH_LIMITS,
  type SwitchHost,
  type SwitchListener,
  type SwitchPlan,
  type SwitchServer,
} from '../../../model/layer7/switch-plan.js';
import type { BpfMap } from '../../../sys/bpf/bpf-objects.js';
import { encodeRecord, readField, u32 } from '../../../sys/bpf/records.js';
import { bytesOfText, swap16, viewOf } from '../../../wire/bytes.js';
import { SwitchListener as ListenerRecord, SwitchAbi, SwitchHostKey, SwitchPathKey, SwitchPorts, SwitchProtocol } from '../switch.gen.js';
import { packetWords } from '../table/record-address.js';
import { familyPin, switchFamilies, switchRecords, withSwitchMap } from './switch-maps.js';

/** What clients are promised: as much as any server has, or less. */
const OFFERED = { inet: { mss: 1460, windowScale: 7 }, inet6: { mss: 1440, windowScale: 7 } } as const;
const PROTOCOLS = { http: SwitchProtocol.SWITCH_HTTP, tls: SwitchProtocol.SWITCH_TLS } as const;
const BITS = 64;

/** Where the datapath has a service and its destinations. */
export interface Places {
  serviceOf(listener: SwitchListener): number;
  /** undefined: it is gone. */
  destinationOf(service: number, server: SwitchServer): number | undefined;
}

/** The number of a 32-bit value; undefined: no such key. */
function numberAt(map: BpfMap, key: Uint8Array): number | undefined {
  const value = new Uint8Array(4);
  return map.lookup(key, value) ? viewOf(value).getUint32(0, true) : undefined;
}

const listenerKey = ({ address, port }: SwitchListener): Uint8Array =>
  encodeRecord(switchRecords(address.family).SwitchListenerKey, { addr: packetWords(address), port: swap16(port) });
const listenersOf = (family: Family, { listeners }: SwitchPlan): readonly SwitchListener[] =>
  listeners.filter(({ address }) => address.family === family);
const withListeners = <T>(folder: string, family: Family, work: (map: BpfMap) => T): T =>
  withSwitchMap(folder, familyPin(family, 'listeners'), work);
const hostKey = (listener: number, name: string): Uint8Array => encodeRecord(SwitchHostKey, { listener, name: bytesOfText(name) });

/** By the keys of listeners. */
type ListenerIds = ReadonlyMap<string, number>;
const textOf = (key: Uint8Array): string => Buffer.from(key).toString('hex');

/** The numbers of the listeners, of both families: those that are there keep theirs. */
function listenerIds(folder: string, { listeners }: SwitchPlan): ListenerIds {
  const record = new Uint8Array(ListenerRecord.bytes);
  const known = new Map(
    switchFamilies(folder).flatMap((family) =>
      withListeners(folder, family, (map) =>
        [...map.keys()].flatMap((key) => (map.lookup(key, record) ? [[textOf(key), readField(record, ListenerRecord.id)] as const] : [])),
      ),
    ),
  );
  let next = Math.max(0, ...known.values());
  return new Map(
    listeners.map((listener) => {
      const key = textOf(listenerKey(listener));
      return [key, known.get(key) ?? ++next] as const;
    }),
  );
}

/** As one word: a server's address and port, as in packets. */
const serverWord = (addr: readonly number[], port: number): string => `${addr.join('.')}:${port}`;

/** The servers of a pool's record, with their weights. */
function poolServers(folder: string, family: Family, pool: number): readonly (readonly [string, number])[] {
  const { SwitchPool, SwitchServer: ServerRecord } = switchRecords(family);
  const { size, count } = ServerRecord.addr;
  const record = new Uint8Array(SwitchPool.bytes);
  withSwitchMap(folder, familyPin(family, 'pools'), (map) => map.lookup(u32(pool), record));
  const view = viewOf(record);
  return Array.from({ length: Math.min(readField(record, SwitchPool.count), SwitchAbi.SWITCH_SERVERS) }, (_, i) => {
    const at = SwitchPool.server.at + i * ServerRecord.bytes;
    const addr = Array.from({ length: count }, (__, k) => view.getUint32(at + ServerRecord.addr.at + k * size, true));
    const word = serverWord(addr, view.getUint16(at + ServerRecord.port.at, true));
    return [word, view.getUint16(at + ServerRecord.weight.at, true)] as const;
  });
}

/** The weights that pools in use were configured with. */
export function configuredWeights(folder: string): (server: SwitchServer) => number | undefined {
  const pools = withSwitchMap(folder, 'switch_paths', (map) => new Set([...map.keys()].flatMap((key) => numberAt(map, key) || [])));
  const weights = new Map(switchFamilies(folder).flatMap((family) => [...pools].flatMap((pool) => poolServers(folder, family, pool))));
  return ({ address, port }) => weights.get(serverWord(packetWords(address), swap16(port)));
}

function poolRecord(family: Family, service: number, servers: readonly SwitchServer[], places: Places): Uint8Array {
  const { SwitchPool, SwitchServer: ServerRecord } = switchRecords(family);
  const found = servers.flatMap((server) => {
    const dest = places.destinationOf(service, server);
    return dest === undefined
      ? []
      : [encodeRecord(ServerRecord, { dest, addr: packetWords(server.address), port: swap16(server.port), weight: server.weight })];
  });
  const record = encodeRecord(SwitchPool, { count: found.length });
  found.forEach((bytes, i) => {
    record.set(bytes, SwitchPool.server.at + i * ServerRecord.bytes);
  });
  return record;
}

/** Writes a pool of a family. A number is one of both families: the other one has no such pool. */
function writePool(folder: string, family: Family, number: number, record: Uint8Array): void {
  for (const each of switchFamilies(folder)) {
    const bytes = each === family ? record : new Uint8Array(switchRecords(each).SwitchPool.bytes);
    withSwitchMap(folder, familyPin(each, 'pools'), (map) => map.update(u32(number), bytes));
  }
}

/** A path as the program looks for it: a whole one ends with a 0. */
function pathKey(host: number, path: string, exact: boolean): Uint8Array {
  const bytes = bytesOfText(exact ? `${path}\0` : path);
  return encodeRecord(SwitchPathKey, { bits: 8 * (4 + bytes.length), host, path: bytes });
}

function portBits(ports: readonly number[]): bigint[] {
  const words = Array.from({ length: SwitchAbi.SWITCH_PORT_WORDS }, () => 0n);
  for (const port of ports.map(swap16)) {
    const word = Math.floor(port / BITS);
    words[word] = (words[word] ?? 0n) | (1n << BigInt(port % BITS));
  }
  return words;
}

/** `added`: to those that are switched already. */
function writePorts(folder: string, virtual: readonly number[], server: readonly number[], added = false): void {
  const record = new Uint8Array(SwitchPorts.bytes);
  const view = viewOf(record);
  const set = (ports: readonly number[], first: number): void => {
    portBits(ports).forEach((word, i) => {
      view.setBigUint64(first + i * 8, view.getBigUint64(first + i * 8, true) | word, true);
    });
  };
  withSwitchMap(folder, 'switch_ports', (map) => {
    if (added) map.lookup(u32(0), record);
    set(virtual, SwitchPorts.virtualPort.at);
    set(server, SwitchPorts.serverPort.at);
    map.update(u32(0), record);
  });
}

function listenerRecord(listener: SwitchListener, ids: ListenerIds, service: number): Uint8Array {
  const id = ids.get(textOf(listenerKey(listener))) ?? 0;
  return encodeRecord(ListenerRecord, { id, service, ...OFFERED[listener.address.family], protocol: PROTOCOLS[listener.protocol] });
}

/**
 * Listeners that come and those that go have no service until the rules are written: so the host gets their SYNs, and no scheduler of the service. The
 * caller holds the lock, and the program is attached.
 */
export function openListeners(folder: string, plan: SwitchPlan): void {
  const ids = listenerIds(folder, plan);
  for (const family of switchFamilies(folder))
    withListeners(folder, family, (map) => {
      const record = new Uint8Array(ListenerRecord.bytes);
      for (const key of [...map.keys()]) {
        if (ids.has(textOf(key)) || !map.lookup(key, record)) continue;
        viewOf(record).setUint32(ListenerRecord.service.at, 0, true);
        map.update(key, record);
      }
      for (const listener of listenersOf(family, plan))
        if (!map.lookup(listenerKey(listener), record)) map.update(listenerKey(listener), listenerRecord(listener, ids, 0));
    });
  writePorts(
    folder,
    plan.listeners.map(({ port }) => port),
    [],
    true,
  );
}

/** Deletes the keys that are not among these. */
function keepOnly(map: BpfMap, keys: readonly Uint8Array[]): void {
  const kept = new Set(keys.map(textOf));
  for (const key of [...map.keys()]) if (!kept.has(textOf(key))) map.delete(key);
}

/** The names of the pools of a listener's hosts. */
const poolNames = (hosts: readonly SwitchHost[]): ReadonlySet<string> =>
  new Set(hosts.flatMap(({ paths }) => paths.flatMap(({ pool }) => pool ?? [])));

/** Numbers from 1 that are in no use. */
class FreeNumbers {
  #next = 1;

  constructor(readonly used: ReadonlySet<number>) {}

  take(): number {
    while (this.used.has(this.#next)) this.#next++;
    return this.#next++;
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

/** Is there room for the plan beside what is in use? Beside what one other plan uses there always is. */
function fitsBeside({ listeners }: SwitchPlan, hostCount: number, pathCount: number, poolCount: number): boolean {
  const hosts = listeners.flatMap((listener) => listener.hosts);
  return (
    hostCount + hosts.length <= 2 * SWITCH_LIMITS.hosts &&
    pathCount + sum(hosts.map(({ paths }) => paths.length)) <= 2 * SWITCH_LIMITS.paths &&
    poolCount + sum(listeners.map((listener) => poolNames(listener.hosts).size)) < SwitchAbi.SWITCH_POOLS
  );
}

/**
 * The numbers that connections may be decided by. Paths that no host leads to are deleted: a process that was killed has left them. Processes that
 * were killed may have left hosts of several plans, too. Where those leave too little room all are deleted: until the plan is written their
 * connections are the proxy's.
 */
function numbersInUse(folder: string, plan: SwitchPlan): { readonly hosts: ReadonlySet<number>; readonly pools: ReadonlySet<number> } {
  return withSwitchMap(folder, 'switch_hosts', (hostMap) =>
    withSwitchMap(folder, 'switch_paths', (pathMap) => {
      const hosts = new Set([...hostMap.keys()].flatMap((key) => numberAt(hostMap, key) ?? []));
      keepOnly(
        pathMap,
        [...pathMap.keys()].filter((key) => hosts.has(readField(key, SwitchPathKey.host))),
      );
      const paths = [...pathMap.keys()];
      const pools = new Set(paths.flatMap((key) => numberAt(pathMap, key) || []));
      if (fitsBeside(plan, [...hostMap.keys()].length, paths.length, pools.size)) return { hosts, pools };
      keepOnly(hostMap, []);
      keepOnly(pathMap, []);
      return { hosts: new Set(), pools: new Set() };
    }),
  );
}

class RuleWriter {
  readonly #paths: Uint8Array[] = [];
  readonly #hosts: { readonly key: Uint8Array; readonly id: number }[] = [];
  readonly #hostNumbers: FreeNumbers;
  readonly #poolNumbers: FreeNumbers;

  constructor(
    readonly folder: string,
    readonly plan: SwitchPlan,
    readonly places: Places,
  ) {
    const { hosts, pools } = numbersInUse(folder, plan);
    this.#hostNumbers = new FreeNumbers(hosts);
    this.#poolNumbers = new FreeNumbers(pools);
  }

  /** The pools of a listener, whose servers are destinations of its service. By name. */
  #pools(service: number, { address: { family }, hosts }: SwitchListener): ReadonlyMap<string, number> {
    const names = poolNames(hosts);
    const numbers = new Map<string, number>();
    for (const { name, servers } of this.plan.pools.filter((pool) => names.has(pool.name))) {
      const number = this.#poolNumbers.take();
      writePool(this.folder, family, number, poolRecord(family, service, servers, this.places));
      numbers.set(name, number);
    }
    return numbers;
  }

  #writeHosts(id: number, service: number, listener: SwitchListener): void {
    const pools = this.#pools(service, listener);
    withSwitchMap(this.folder, 'switch_paths', (map) => {
      for (const { name, paths } of listener.hosts) {
        const host = this.#hostNumbers.take();
        for (const { path, exact, pool } of paths) {
          const key = pathKey(host, path, exact);
          map.update(key, u32(pool === undefined ? 0 : (pools.get(pool) ?? 0)));
          this.#paths.push(key);
        }
        this.#hosts.push({ key: hostKey(id, name), id: host });
      }
    });
  }

  write(): void {
    const { folder, plan, places } = this;
    const { listeners } = plan;
    const ids = listenerIds(folder, plan);
    for (const listener of listeners) this.#writeHosts(ids.get(textOf(listenerKey(listener))) ?? 0, places.serviceOf(listener), listener);
    withSwitchMap(folder, 'switch_hosts', (map) => {
      for (const { key, id } of this.#hosts) map.update(key, u32(id));
      keepOnly(
        map,
        this.#hosts.map(({ key }) => key),
      );
    });
    withSwitchMap(folder, 'switch_paths', (map) => keepOnly(map, this.#paths));
    for (const family of switchFamilies(folder))
      withListeners(folder, family, (map) => {
        const own = listenersOf(family, plan);
        for (const listener of own) map.update(listenerKey(listener), listenerRecord(listener, ids, places.serviceOf(listener)));
        keepOnly(map, own.map(listenerKey));
      });
    writePorts(
      folder,
      listeners.map(({ port }) => port),
      listeners.flatMap(({ servers }) => servers.map(({ port }) => port)),
    );
  }
}

/** The caller holds the lock, and the program is attached. */
export const writeRules = (folder: string, plan: SwitchPlan, places: Places): void => new RuleWriter(folder, plan, places).write();
