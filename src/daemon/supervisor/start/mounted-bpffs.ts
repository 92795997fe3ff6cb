// weir's bpffs is mounted before processes with few capabilities begin, which cannot do that.
import type { Log } from '../../../model/log-level.js';

/** A refusal is logged where details are wanted: whoever needs the file system reports what is in the way. */
export async function mountedBpffs(log: Log): Promise<void> {
  const { Bpffs } = await import('../../../datapath/ebpf/pins/bpffs.js');
  try {
    Bpffs.ensure();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    log('debug', error.message);
  }
}
