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

export function compareDestinations(director: PacketDirector, { dests, counters, conf }: Tables): void {
  const cpus = conf.get(0, Conf.cpus);
  const sum = (id: number, field: Field): number =>
    Array.from({ length: cpus }, (_, cpu) => Number(counters.big(id * cpus + cpu, field))).reduce((a, b) => a + b, 0);
  for (const service of director.records.services())
    for (const each of [...service.list, ...service.retired]) {
      const record = RECORD.map((field) => dests.get(each.id, field));
      const counts = COUNTS.map((field) => sum(each.id, field));
      assert.deepEqual(seenDestination(each), [...record, ...counts], `destination ${each.id} in memory, of the programs`);
    }
}
