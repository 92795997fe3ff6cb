// Memory for large arrays that are read before they are written.

const PAGE_BYTES = 4096;

/**
 * These zeros, whose memory is there from now on. A page that is read before it is written is first the one that all zeros share; when it gets its own at the
 * first write, the kernel interrupts each CPU on which a thread of this process runs, which in a virtual machine takes some microseconds.
 */
export function present<T extends Uint32Array | Uint8Array>(zeros: T): T {
  for (let at = 0; at < zeros.length; at += PAGE_BYTES / zeros.BYTES_PER_ELEMENT) zeros[at] = 0;
  return zeros;
}
