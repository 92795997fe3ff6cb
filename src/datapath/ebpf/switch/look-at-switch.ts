// What content switching has for a client's packets to an address, read without a lock.

import type { Family } from '../../../model/address.js';
import { isWeirError } from '../../../model/errors/weir-error.js';
import type { DestinationKey } from '../../../model/service.js';
import type { BpfMap } from '../../../sys/bpf/bpf-objects.js';
import { encodeRecord, readField, u32 } from '../../../sys/bpf/records.js';
import { swap16, viewOf } from '../../../wire/bytes.js';
import { SwitchAbi, SwitchHostKey, SwitchListener, SwitchPathKey, SwitchProtocol, SwitchState } from '../switch.gen.js';
import { packetWords } from '../table/record-address.js';
import { endpointIn, familyPin, hasSwitchProgram, switchFamilies, switchRecords, withSwitchMap } from './switch-maps.js';
import { outServers } from './switch-outs.js';
import { switchedInterfaces } from './switch-programs.js';

/** `servers`: undefined are those of the proxy. Of TLS `path` is empty. */
export interface LiveRule {
  readonly host: string;
  readonly path: string;
  readonly exact: boolean;
  readonly servers: readonly DestinationKey[] | undefined;
}

export interface LiveSwitch {
  readonly protocol: 'http' | 'tls';
  readonly rules: readonly LiveRule[];
  /** Servers that checks found down. */
  readonly outs: readonly DestinationKey[];
  /** The client's connection: `begins`: its server was sent a SYN; `ends`: a FIN or an RST went by. */
  readonly connection: 'none' | 'begins' | 'goes on' | 'ends';
}

const wordsOf = ({ address }: DestinationKey): readonly number[] => packetWords(address);
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1').split('\0', 1)[0] ?? '';

/** undefined: no such key. */
function recordAt(map: BpfMap, key: Uint8Array, bytes: number): Uint8Array | undefined {
  const record = new Uint8Array(bytes);
  return map.lookup(key, record) ? record : undefined;
}

const numberAt = (map: BpfMap, key: Uint8Array): number => {
  const value = recordAt(map, key, 4);
  return value === undefined ? 0 : viewOf(value).getUint32(0, true);
};

function poolServers(folder: string, family: Family, number: number): readonly DestinationKey[] {
  const { SwitchPool, SwitchServer } = switchRecords(family);
  const record = withSwitchMap(folder, familyPin(family, 'pools'), (map) => recordAt(map, u32(number), SwitchPool.bytes));
  if (record === undefined) return [];
  const count = Math.min(readField(record, SwitchPool.count), SwitchAbi.SWITCH_SERVERS);
  return Array.from({ length: count }, (_, i) => endpointIn(SwitchServer, record, SwitchPool.server.at + i * SwitchServer.bytes));
}

/** By the numbers of hosts. */
function hostsOf(folder: string, listener: number): ReadonlyMap<number, string> {
  return withSwitchMap(folder, 'switch_hosts', (map) => {
    const own = [...map.keys()].filter((key) => readField(key, SwitchHostKey.listener) === listener);
    return new Map(own.map((key) => [numberAt(map, key), textOf(key.subarray(SwitchHostKey.name.at))]));
  });
}

/** A whole path ends with a byte 0, which counts. */
function rulesOf(folder: string, family: Family, listener: number): readonly LiveRule[] {
  const hosts = hostsOf(folder, listener);
  const pools = new Map<number, readonly DestinationKey[]>();
  const serversOf = (pool: number): readonly DestinationKey[] => {
    const known = pools.get(pool) ?? poolServers(folder, family, pool);
    pools.set(pool, known);
    return known;
  };
  return withSwitchMap(folder, 'switch_paths', (map) =>
    [...map.keys()].flatMap((key) => {
      const host = hosts.get(readField(key, SwitchPathKey.host));
      if (host === undefined) return [];
      const length = readField(key, SwitchPathKey.bits) / 8 - SwitchPathKey.host.size;
      const bytes = key.subarray(SwitchPathKey.path.at, SwitchPathKey.path.at + length);
      const pool = numberAt(map, key);
      return [{ host, path: textOf(bytes), exact: bytes.at(-1) === 0, servers: pool === 0 ? undefined : serversOf(pool) }];
    }),
  );
}

function connectionOf(folder: string, from: DestinationKey, to: DestinationKey): LiveSwitch['connection'] {
  const { family } = to.address;
  const { SwitchClientKey, SwitchFlow } = switchRecords(family);
  const key = encodeRecord(SwitchClientKey, {
    client: wordsOf(from),
    vip: wordsOf(to),
    clientPort: swap16(from.port),
    vport: swap16(to.port),
  });
  const flow = withSwitchMap(folder, familyPin(family, 'flows'), (map) => recordAt(map, key, SwitchFlow.bytes));
  if (flow === undefined) return 'none';
  if (readField(flow, SwitchFlow.state) === SwitchState.SWITCH_BINDING) return 'begins';
  return (readField(flow, SwitchFlow.flags) & SwitchAbi.SWITCH_CLOSING) === 0 ? 'goes on' : 'ends';
}

function look(folder: string, from: DestinationKey, to: DestinationKey): LiveSwitch | undefined {
  const { family } = to.address;
  const at = encodeRecord(switchRecords(family).SwitchListenerKey, { addr: wordsOf(to), port: swap16(to.port) });
  const listener = withSwitchMap(folder, familyPin(family, 'listeners'), (map) => recordAt(map, at, SwitchListener.bytes));
  if (listener === undefined) return undefined;
  const isTls = listener[SwitchListener.protocol.at] === SwitchProtocol.SWITCH_TLS;
  return {
    protocol: isTls ? 'tls' : 'http',
    rules: rulesOf(folder, family, readField(listener, SwitchListener.id)),
    outs: outServers(folder),
    connection: connectionOf(folder, from, to),
  };
}

/** Of packets of TCP that come by an interface. undefined: the address is not switched, or the interface passes by the program. */
export function lookAtSwitch(folder: string, ifindex: number, from: DestinationKey, to: DestinationKey): LiveSwitch | undefined {
  if (!hasSwitchProgram(folder) || !switchFamilies(folder).includes(to.address.family) || !switchedInterfaces(folder).includes(ifindex))
    return undefined;
  try {
    return look(folder, from, to);
  } catch (error) {
    if (!isWeirError(error, 'pin-missing')) throw error;
    return undefined; // weir switch clear has removed it meanwhile
  }
}
