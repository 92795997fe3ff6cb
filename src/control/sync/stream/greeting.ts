// What both sides of a session begin with.
import type { StreamEncoder } from '../../../wire/sync/stream-encoder.js';

export interface Greeting {
  readonly node: string;
  /** Of this process, 16 hexadecimal digits. */
  readonly id: string;
  /** Which tables this director has. Absent: the peer does not state its own. */
  readonly tables?: string | undefined;
}

export function greeting(encoder: StreamEncoder, { node, id, tables }: Greeting): Uint8Array {
  encoder.record({ kind: 'hello', node, id });
  if (tables !== undefined) encoder.record({ kind: 'tables', id: tables });
  return encoder.take();
}
