// Writes the rules of content switching. New pools and paths get numbers that are in no use; then each host changes to its new ones by one store; what
// no host names any more goes last. So each connection is decided by the rules of before or by these, also where a process is killed in between.
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
import {
  SwitchListener as ListenerRecord,
  SwitchServer as ServerRecord,
  SwitchAbi,
  SwitchHostKey,
  SwitchListenerKey,
  SwitchPathKey,
  SwitchPool,
  SwitchPorts,
  SwitchProtocol,
} from '../switch.gen.js';
import { packetWords } from '../table/record-address.js';
import { withSwitchMap } from './switch-maps.js';

/** What clients are promised: as much as any server has, or less. */
const OFFERED = { mss: 1460, windowScale: 7 } as const;
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

const addressOf = (address: SwitchServer['address']): number => packetWords(address)[0] ?? 0;
const listenerKey = ({ address, port }: SwitchListener): Uint8Array =>
  encodeRecord(SwitchListenerKey, { addr: addressOf(address), port: swap16(port) });
const hostKey = (listener: number, name: string): Uint8Array => encodeRecord(SwitchHostKey, { listener, name: bytesOfText(name) });

/** The numbers of the listeners: those that are there keep theirs. */
function listenerIds(map: BpfMap, listeners: readonly SwitchListener[]): readonly number[] {
  const record = new Uint8Array(ListenerRecord.bytes);
  const known = listeners.map((listener) => (map.lookup(listenerKey(listener), record) ? readField(record, ListenerRecord.id) : undefined));
  let next = Math.max(0, ...[...map.keys()].map((key) => (map.lookup(key, record) ? readField(record, ListenerRecord.id) : 0)));
  return known.map((id) => id ?? ++next);
}

/** As one word: a server's address and port, as in packets. */
const serverWord = (addr: number, port: number): string => `${addr}:${port}`;

/** The weights that pools in use were configured with. */
export function configuredWeights(folder: string): (server: SwitchServer) => number | undefined {
  const pools = withSwitchMap(folder, 'switch_paths', (map) => new Set([...map.keys()].flatMap((key) => numberAt(map, key) || [])));
  const weights = new Map<string, number>();
  withSwitchMap(folder, 'switch_pools', (map) => {
    for (const pool of pools) {
      const record = new Uint8Array(SwitchPool.bytes);
      map.lookup(u32(pool), record);
      const view = viewOf(record);
      for (let i = 0; i < readField(record, SwitchPool.count); i++) {
        const at = SwitchPool.server.at + i * ServerRecord.bytes;
        const word = serverWord(view.getUint32(at + ServerRecord.addr.at, true), view.getUint16(at + ServerRecord.port.at, true));
        weights.set(word, view.getUint16(at + ServerRecord.weight.at, true));
      }
    }
  });
  return ({ address, port }) => weights.get(serverWord(addressOf(address), swap16(port)));
}

function poolRecord(service: number, servers: readonly SwitchServer[], places: Places): Uint8Array {
  const found = servers.flatMap((server) => {
    const dest = places.destinationOf(service, server);
    return dest === undefined
      ? []
      : [encodeRecord(ServerRecord, { dest, addr: addressOf(server.address), port: swap16(server.port), weight: server.weight })];
  });
  const record = encodeRecord(SwitchPool, { count: found.length });
  found.forEach((bytes, i) => {
    record.set(bytes, SwitchPool.server.at + i * ServerRecord.bytes);
  });
  return record;
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

/**
 * Listeners that come and those that go have no service until the rules are written: so the host gets their SYNs, and no scheduler of the service. The
 * caller holds the lock, and the program is attached.
 */
export function openListeners(folder: string, { listeners }: SwitchPlan): void {
  withSwitchMap(folder, 'switch_listeners', (map) => {
    const ids = listenerIds(map, listeners);
    const keys = listeners.map(listenerKey);
    for (const key of [...map.keys()]) {
      const record = new Uint8Array(ListenerRecord.bytes);
      if (keys.some((each) => Buffer.compare(each, key) === 0) || !map.lookup(key, record)) continue;
      viewOf(record).setUint32(ListenerRecord.service.at, 0, true);
      map.update(key, record);
    }
    listeners.forEach((listener, i) => {
      const record = encodeRecord(ListenerRecord, { id: ids[i] ?? 0, service: 0, ...OFFERED, protocol: PROTOCOLS[listener.protocol] });
      if (!map.lookup(keys[i] ?? record, new Uint8Array(ListenerRecord.bytes))) map.update(keys[i] ?? record, record);
    });
  });
  writePorts(
    folder,
    listeners.map(({ port }) => port),
    [],
    true,
  );
}

/** Deletes the keys that are not among these. */
function keepOnly(map: BpfMap, keys: readonly Uint8Array[]): void {
  const kept = new Set(keys.map((key) => Buffer.from(key).toString('hex')));
  for (const key of [...map.keys()]) if (!kept.has(Buffer.from(key).toString('hex'))) map.delete(key);
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
  #pools(service: number, hosts: readonly SwitchHost[]): ReadonlyMap<string, number> {
    const names = poolNames(hosts);
    const numbers = new Map<string, number>();
    for (const { name, servers } of this.plan.pools.filter((pool) => names.has(pool.name))) {
      const number = this.#poolNumbers.take();
      const record = poolRecord(service, servers, this.places);
      withSwitchMap(this.folder, 'switch_pools', (map) => map.update(u32(number), record));
      numbers.set(name, number);
    }
    return numbers;
  }

  #writeHosts(id: number, service: number, { hosts }: SwitchListener): void {
    const pools = this.#pools(service, hosts);
    withSwitchMap(this.folder, 'switch_paths', (map) => {
      for (const { name, paths } of hosts) {
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
    const ids = withSwitchMap(folder, 'switch_listeners', (map) => listenerIds(map, listeners));
    const records = listeners.map((listener, i) => {
      const [id, service] = [ids[i] ?? 0, places.serviceOf(listener)];
      this.#writeHosts(id, service, listener);
      return encodeRecord(ListenerRecord, { id, service, ...OFFERED, protocol: PROTOCOLS[listener.protocol] });
    });
    withSwitchMap(folder, 'switch_hosts', (map) => {
      for (const { key, id } of this.#hosts) map.update(key, u32(id));
      keepOnly(
        map,
        this.#hosts.map(({ key }) => key),
      );
    });
    withSwitchMap(folder, 'switch_paths', (map) => keepOnly(map, this.#paths));
    withSwitchMap(folder, 'switch_listeners', (map) => {
      const keys = listeners.map(listenerKey);
      keys.forEach((key, i) => {
        map.update(key, records[i] ?? new Uint8Array(ListenerRecord.bytes));
      });
      keepOnly(map, keys);
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
