// Where the grace period after a takeover is written: without the lock, since it must begin before the first packets come.
import { existsSync } from 'node:fs';
import type { Records } from '../../sys/bpf/records.js';
import { Bpffs } from './pins/bpffs.js';
import { layoutOf } from './table/layout.js';
import { LAST_PINNED, Tables } from './table/tables.js';

/**
 * `conf` of the datapath in the namespace with this cookie (default: our own); undefined: none of this build's layout is loaded there.
 * @throws WeirError proc-not-mounted, mounts-hidden; SystemError
 */
export function graceRecord(cookie?: bigint): Records | undefined {
  const folder = Bpffs.find()?.path(cookie);
  if (folder === undefined || !existsSync(`${folder}/${LAST_PINNED}`)) return undefined;
  const tables = new Tables(folder);
  return layoutOf(tables) === 'ours' ? tables.conf : undefined;
}
