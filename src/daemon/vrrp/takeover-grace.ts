// The grace period that begins when an instance becomes master, where connections are synchronised (lvs_sync_daemon,
// lvs_sync_stream): what this director does not know may still come from the other one.
import { graceRecord } from '../../datapath/ebpf/grace-record.js';
import { graceOf, setGrace } from '../../datapath/ebpf/table/grace.js';
import { isWeirError } from '../../model/errors/weir-error.js';
import type { GlobalSettings } from '../../model/keepalived/global.js';
import type { Log } from '../../model/log-level.js';
import { monotonicUs } from '../../sys/clock.js';
import { isSystemError, reasonOf } from '../../sys/errno.js';
import { directorCookie } from '../sync/director-namespace.js';

/** News is under way for a fifth of a second, and the other director's daemon may need one to end; peers send again after 0.2, 0.6 and 1.4 s. */
const DEFAULT_SECONDS = 3;

export interface TakeoverGraceOptions {
  /** Of net_namespace_ipvs; absent: the process's own. */
  readonly namespace: string | undefined;
  readonly log: Log;
  /** It has ended. */
  readonly ended: () => void;
}

export class TakeoverGrace {
  #untilUs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(readonly options: TakeoverGraceOptions) {}

  get runs(): boolean {
    return monotonicUs() < this.#untilUs;
  }

  /**
   * Before the addresses come. One that an operator has begun is not made shorter. Nothing of it may end or delay the process: what fails is logged.
   * `streamRuns`: a stream's process, configured or not.
   */
  begin({ lvsSyncDaemon, lvsSyncStream, lvsSyncGrace: seconds = DEFAULT_SECONDS }: GlobalSettings, streamRuns: boolean): void {
    if (seconds === 0 || (lvsSyncDaemon === undefined && lvsSyncStream === undefined && !streamRuns)) return;
    this.#untilUs = monotonicUs() + seconds * 1_000_000;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.options.ended, seconds * 1000 + 1).unref();
    try {
      const conf = graceRecord(directorCookie(this.options.namespace));
      if (conf !== undefined && (graceOf(conf)?.left ?? 0) < seconds) setGrace(conf, seconds);
    } catch (error) {
      if (!isSystemError(error) && !isWeirError(error)) throw error;
      const why = isSystemError(error) ? reasonOf(error) : error.message;
      this.options.log('warning', `synchronisation: no grace period for connections that are not known here: ${why}`);
    }
  }

  close(): void {
    clearTimeout(this.#timer);
  }
}
