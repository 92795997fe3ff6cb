// The tables of fragmented packets in a bed.
import { FragmentAbi, FragmentHeld } from '../../src/datapath/ebpf/fragment.gen.js';
import { FRAGMENT_SERVERS_PIN, FRAGMENTS_HELD_PIN, FRAGMENTS_PIN } from '../../src/datapath/ebpf/table/tables.js';
import { BpfMap } from '../../src/sys/bpf/bpf-objects.js';
import { readField, u32 } from '../../src/sys/bpf/records.js';

export class FragmentTables {
  /** What first fragments left, and what waits for them, by FragmentKey. */
  readonly notes: BpfMap;
  /** From which fragments may wait, by FragmentServer. */
  readonly servers: BpfMap;
  readonly #held: BpfMap;

  /** `folder`: of the pins. */
  constructor(folder: string) {
    this.notes = BpfMap.pinned(`${folder}/${FRAGMENTS_PIN}`);
    this.servers = BpfMap.pinned(`${folder}/${FRAGMENT_SERVERS_PIN}`);
    this.#held = BpfMap.pinned(`${folder}/${FRAGMENTS_HELD_PIN}`);
  }

  empty(): void {
    for (const map of [this.notes, this.servers]) map.empty();
    const record = new Uint8Array(FragmentHeld.bytes);
    this.#held.lookup(u32(0), record);
    const handed = readField(record, FragmentHeld.handed);
    if (handed === 0) return;
    record.fill(0);
    for (let place = 0; place <= Math.min(handed, FragmentAbi.FRAGMENTS_HELD - 1); place++) this.#held.update(u32(place), record);
  }

  close(): void {
    for (const map of [this.notes, this.servers, this.#held]) map.close();
  }
}
