// What content switching needs of a kernel beyond the datapath itself, by the names in the kernel's own types (BTF).
import { readFileSync } from 'node:fs';
import { unlessCode } from '../../../sys/errno.js';

const KERNEL_TYPES = '/sys/kernel/btf/vmlinux';
/** A name, and the first Linux that has it. The last one is there only with CONFIG_SYN_COOKIES. */
const NEEDS = [
  { name: 'bpf_cast_to_kern_ctx', since: '6.2' },
  { name: 'BPF_TCX_INGRESS', since: '6.6' },
  { name: 'bpf_sk_assign_tcp_reqsk', since: '6.9' },
] as const;

/** undefined: the kernel has none, and so no function of it can be called by a program. */
export const kernelTypes = (): Buffer | undefined => unlessCode(() => readFileSync(KERNEL_TYPES), ['ENOENT'], undefined);

/** What the kernel of these types lacks. */
export function switchLacks(types: Buffer | undefined): readonly string[] {
  if (types === undefined) return [KERNEL_TYPES];
  return NEEDS.filter(({ name }) => !types.includes(`\0${name}\0`)).map(({ name, since }) => `${name} (Linux ${since})`);
}
