// A grace period of RCU: the kernel ends an update of a map of maps with one (maybe_wait_bpf_programs() in kernel/bpf/syscall.c).
import { using } from '../fd.js';
import { BpfMap } from './bpf-objects.js';

const NUMBER_BYTES = 4;
const word = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);

/** When it returns, every program that ran before has ended, on every CPU: what was stored before the call is what all later ones read. */
export function awaitPrograms(): void {
  using(BpfMap.createArray('grace', NUMBER_BYTES, 1), (inner) =>
    using(BpfMap.createArrayOfMaps('grace_outer', inner, 1), (outer) => outer.update(word(0), word(inner.fd.number))),
  );
}
