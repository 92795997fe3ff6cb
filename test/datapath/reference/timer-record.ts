// The record of the timer of one of the datapath's builds. It has a timer of the kernel in it, so it cannot be mapped.
import { Housekeeping } from '../../../src/datapath/ebpf/abi.gen.js';
import { BpfMap } from '../../../src/sys/bpf/bpf-objects.js';
import { type Field, Records } from '../../../src/sys/bpf/records.js';
import type { Bed } from '../bed.js';

export const TIMER_PIN = 'housekeeping';

/** `pin`: of the build's record. */
export function timerField({ folder }: Bed, field: Field, pin: string = TIMER_PIN): number {
  const map = BpfMap.pinned(`${folder}/${pin}`);
  try {
    const record = new Uint8Array(Housekeeping.bytes);
    if (!map.lookup(new Uint8Array(4), record)) throw new Error('the timer has no record');
    return new Records(record.buffer, Housekeeping.bytes).get(0, field);
  } finally {
    map.close();
  }
}
