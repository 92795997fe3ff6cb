// The process of lvs_sync_stream: weir's own stream to other nodes. What hinders it is logged and tried again: a key may come later, and another process end.
import { isDeepStrictEqual } from 'node:util';
import { isWeirError } from '../../model/errors/weir-error.js';
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { Log } from '../../model/log-level.js';
import type { ConfiguredStream } from '../../model/stream-node.js';
import { isSystemError } from '../../sys/errno.js';
import type { Part, StartPart } from '../process/part.js';
import { StreamService } from './stream-service.js';

const RETRY_MS = 5000;

class SyncPart implements Part {
  #stream: ConfiguredStream | undefined;
  #service: StreamService | undefined;
  #again: NodeJS.Timeout | undefined;
  #failure = '';

  constructor(
    { global }: KeepalivedConfiguration,
    readonly log: Log,
  ) {
    this.#stream = global.lvsSyncStream;
    this.#start();
  }

  /** Sessions end only where something of them has changed. */
  async reload({ global: { lvsSyncStream } }: KeepalivedConfiguration): Promise<void> {
    const isSame = isDeepStrictEqual(lvsSyncStream, this.#stream);
    this.#stream = lvsSyncStream;
    if (isSame && this.#service !== undefined) return;
    await this.#end();
    this.#failure = '';
    this.#start();
  }

  dump(): void {}

  stop(): Promise<void> {
    return this.#end();
  }

  async #end(): Promise<void> {
    clearTimeout(this.#again);
    const service = this.#service;
    this.#service = undefined;
    await service?.stop();
  }

  #start(): void {
    if (this.#stream === undefined) return;
    try {
      this.#service = new StreamService(this.#stream, this.log);
    } catch (error) {
      if (!isSystemError(error) && !isWeirError(error)) throw error;
      if (error.message !== this.#failure) this.log('error', `synchronisation does not run, and is tried again: ${error.message}`);
      this.#failure = error.message;
      this.#again = setTimeout(() => this.#start(), RETRY_MS);
    }
  }
}

export const startSync: StartPart = (configuration, _options, log) => new SyncPart(configuration, log);
