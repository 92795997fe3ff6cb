// One session from a node to another: the machines of both sides, and the bytes between them.
import type { StreamReceiver } from '../../../src/control/sync/stream/stream-receiver.js';
import type { StreamSender } from '../../../src/control/sync/stream/stream-sender.js';
import { StreamDecoder } from '../../../src/wire/sync/stream-decoder.js';
import { Pipe } from './pipe.js';

export type Side = 'sender' | 'receiver';

export class Session {
  readonly there = new Pipe();
  readonly back = new Pipe();
  readonly atReceiver = new StreamDecoder();
  readonly atSender = new StreamDecoder();
  /** Sides that have closed it, or whose process is gone. */
  readonly closed = new Set<Side>();

  isAccepted = false;

  /** When all was acknowledged last, and a look found nothing. */
  settledUs = 0;

  constructor(
    readonly from: number,
    readonly to: number,
    readonly sender: StreamSender,
    readonly receiver: StreamReceiver,
  ) {}

  get isOpen(): boolean {
    return this.closed.size === 0;
  }
}
