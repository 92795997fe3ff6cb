// What sockets that receive have in common: they are polled, a filter can stand before their queue, and they end.
import type { Fd } from '../fd.js';
import { attachFilter, detachFilter } from './socket-options.js';

export class ReceivingSocket {
  protected readonly descriptor: Fd;

  constructor(descriptor: Fd) {
    this.descriptor = descriptor;
  }

  /** For poll loops. */
  get fd(): number {
    return this.descriptor.number;
  }

  /** See attachFilter. */
  attachFilter(program: number): void {
    attachFilter(this.descriptor, program);
  }

  /** See detachFilter. */
  detachFilter(): void {
    detachFilter(this.descriptor);
  }

  close(): void {
    this.descriptor.close();
  }
}
