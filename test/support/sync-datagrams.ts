// What the sync master of a real kernel sent (sync-datagrams.txt).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './project.js';

export interface RecordedDatagram {
  /** What the clients did. */
  readonly heading: string;
  readonly bytes: Uint8Array;
}

/** In the order in which they came. */
export function recordedSyncDatagrams(): readonly RecordedDatagram[] {
  let heading = '';
  return readFileSync(join(root, 'test/support/sync-datagrams.txt'), 'latin1')
    .trimEnd()
    .split('\n')
    .flatMap((line) => {
      if (!line.startsWith('#')) return [{ heading, bytes: Uint8Array.from(Buffer.from(line, 'hex')) }];
      heading = line.slice(2);
      return [];
    });
}
