// The destinations of the loaded programs and of the reference director: weights, connections, thresholds and counters must be the same.
import assert from 'node:assert/strict';
import { Conf, Counters, Dest } from '../../../src/datapath/ebpf/abi.gen.js';
import type { Tables } from '../../../src/datapath/ebpf/table/tables.js';
import type { PacketDirector } from '../../../src/datapath/memory/packets/packet-director.js';
import type { DestinationRecord } from '../../../src/datapath/memory/packets/records.js';
import type { Field } from '../../../src/sys/bpf/records.js';

const RECORD = [Dest.weight, Dest.active, Dest.inactive, Dest.persistent, Dest.overload];
const COUNTS = [Counters.conns, Counters.inPackets, Counters.outPackets, Counters.inBytes, Counters.outBytes];

const seenDestination = ({ weight, active, inactive, persistent, overloaded, counts }: DestinationRecord): readonly number[] => [
  weight,
  active,
  inactive,
  persistent,
  Number(overloaded),
  counts.conns,
  counts.inPackets,
  counts.outPackets,
  counts.inBytes,
  counts.outBytes,
];

/** Of the programs, over all CPUs. */
function counted({ counters, conf }: Tables, id: number, field: Field): number {
  const cpus = conf.get(0, Conf.cpus);
  return Array.from({ length: cpus }, (_, cpu) => Number(counters.big(id * cpus + cpu, field))).reduce((a, b) => a + b, 0);
}

const destinationsOf = (director: PacketDirector): readonly DestinationRecord[] =>
  [...director.records.services()].flatMap(({ list, retired }) => [...list, ...retired]);

/** Have the programs begun a connection of the destination with this number, which memory has not yet? */
export function hasBegun(director: PacketDirector, tables: Tables, id: number): boolean {
  const inMemory = destinationsOf(director).find((each) => each.id === id)?.counts.conns;
  return inMemory !== undefined && counted(tables, id, Counters.conns) > inMemory;
}

/** It changes when a timer takes templates away, or connections: then a server may be below its threshold. */
export const held = (director: PacketDirector, { conf, dests }: Tables): readonly number[] => [
  conf.get(0, Conf.templatesLive),
  ...destinationsOf(director).map(({ id }) => dests.get(id, Dest.active) + dests.get(id, Dest.inactive)),
];

export function compareDestinations(director: PacketDirector, tables: Tables): void {
  for (const each of destinationsOf(director)) {
    const record = RECORD.map((field) => tables.dests.get(each.id, field));
    const counts = COUNTS.map((field) => counted(tables, each.id, field));
    assert.deepEqual(seenDestination(each), [...record, ...counts], `destination ${each.id} in memory, of the programs`);
  }
}
