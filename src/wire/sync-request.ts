// A message without entries, which a director of the kernel passes over. Between directors of weir it is the request of a backup that has nothing yet: the
// kernel's protocol has none, so that a kernel's backup learns a connection only at its next news.
import { viewOf } from './bytes.js';
import { SyncLayout } from './sync-entry.js';
import { decodeSyncMessage, type SyncReceiver } from './sync-message.js';

const LENGTH = SyncLayout.headers[1];

/** Version 1. */
export function encodeSyncRequest(syncId: number): Uint8Array {
  const message = Uint8Array.of(0, syncId, 0, 0, 0, 1, 0, 0);
  viewOf(message).setUint16(2, LENGTH);
  return message;
}

/** Does it ask this receiver's sync id for everything? */
export function isSyncRequest(bytes: Uint8Array, receiver: SyncReceiver): boolean {
  if (bytes.length !== LENGTH) return false;
  const { version, entries, refused } = decodeSyncMessage(bytes, receiver);
  return version === 1 && entries.length === 0 && refused.size === 0;
}
