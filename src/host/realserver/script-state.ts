// Where the self-contained script remembers what it did, so that weir can take over from it and the other way round.
import { readlinkSync } from 'node:fs';

/** A shell cannot ask for a namespace's cookie; the inode is the best name that it has. */
export function scriptStatePath(): string {
  const inode = readlinkSync('/proc/self/ns/net').replace(/\D/g, '');
  return `/run/weir/realserver/script-${inode}`;
}
