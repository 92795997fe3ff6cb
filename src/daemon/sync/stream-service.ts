// weir's own stream while its process runs: what it does stands in a file for other programs.
import { readStreamStatus, writeStreamStatus } from '../../host/sync/stream-file.js';
import { readStreamKey } from '../../host/sync/stream-key.js';
import { WeirError } from '../../model/errors/weir-error.js';
import type { Log } from '../../model/log-level.js';
import type { ConfiguredStream } from '../../model/stream-node.js';
import { ReportFile } from './report-file.js';
import { StreamDaemon } from './stream/stream-daemon.js';

const STATUS_MS = 1000;

export class StreamService {
  readonly #daemon: StreamDaemon;
  readonly #timer: NodeJS.Timeout;
  readonly #file: ReportFile;

  /** @throws WeirError sync-key, sync-stream-exists, and what loading the datapath throws; SystemError */
  constructor({ key, ...settings }: ConfiguredStream, log: Log) {
    const own = readStreamKey(key);
    if (readStreamStatus() !== undefined) throw new WeirError('sync-stream-exists');
    this.#daemon = new StreamDaemon(settings, own, log);
    this.#file = new ReportFile(log);
    this.#report();
    this.#timer = setInterval(() => this.#report(), STATUS_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    const stopped = this.#daemon.stop();
    this.#file.write(() => writeStreamStatus(undefined));
    await stopped;
  }

  #report(): void {
    this.#file.write(() => writeStreamStatus(this.#daemon.status));
  }
}
