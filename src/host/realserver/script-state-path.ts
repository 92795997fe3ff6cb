// Where the self-contained script records what it did, so that weir can take over from it, and it from weir.
import { readlinkSync } from 'node:fs';

/** A shell cannot read a namespace's cookie, so the inode names it. */
export function scriptStatePath(): string {
  const inode = readlinkSync('/proc/self/ns/net').replace(/\D/g, '');
  return `/run/weir/realserver/script-${inode}`;
}
