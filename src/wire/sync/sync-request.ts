// Messages without entries, which a director of the kernel passes over. Between directors of weir one of version 1 is the request of a backup that has
// nothing yet: the kernel's protocol has none, so that a kernel's backup learns a connection only at its next news. One of version 0 is the beginning of the
// master's answer: a backup thereby knows of a master that has no connections.
import { viewOf } from '../bytes.js';
import { SyncLayout } from './sync-entry.js';

const LENGTH = SyncLayout.headers[1];
/** A kernel's backup looks at the version in a header of this length, also where the message is shorter. */
const VERSION_AT = 5;

function withoutEntries(syncId: number, version: 0 | 1): Uint8Array {
  const message = Uint8Array.of(0, syncId, 0, 0, 0, 0, 0, 0);
  viewOf(message).setUint16(2, LENGTH);
  message[VERSION_AT] = version;
  return message;
}

export const encodeSyncRequest = (syncId: number): Uint8Array => withoutEntries(syncId, 1);

export const encodeSyncPresence = (syncId: number): Uint8Array => withoutEntries(syncId, 0);

/** The sync id whose master a request asks for everything; undefined: it is none. */
export function requestedSyncId(bytes: Uint8Array): number | undefined {
  const id = bytes[1] ?? 0;
  return bytes.length === LENGTH && encodeSyncRequest(id).every((byte, at) => byte === bytes[at]) ? id : undefined;
}
