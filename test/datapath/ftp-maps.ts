// What the helper for FTP keeps of control connections.
import { existsSync } from 'node:fs';
import { FTP_COMMANDS_PIN, FTP_STREAMS_PIN } from '../../src/datapath/ebpf/table/tables.js';
import { BpfMap } from '../../src/sys/bpf/bpf-objects.js';
import { using } from '../../src/sys/fd.js';

/** `folder`: of the pins. */
export function forgetFtp(folder: string): void {
  for (const path of [FTP_STREAMS_PIN, FTP_COMMANDS_PIN].map((pin) => `${folder}/${pin}`)) {
    if (!existsSync(path)) continue;
    using(BpfMap.pinned(path), (map) => {
      for (const key of [...map.keys()]) map.delete(key);
    });
  }
}
