// The drains of this director for its peers, and those of its peers for this director. The record is what counts: this only looks at it.
import type { DrainEvent } from '../../../control/drain/messages.js';
import type { DrainSource } from '../../../control/sync/stream/stream-sender.js';
import { readDrains } from '../../../datapath/ebpf/table/drain-record.js';
import { type DrainRecord, isDriven, NO_DRAINS } from '../../../model/drain/drain.js';
import { type PeerDrain, peerDrainsOf } from '../../../model/drain/peer-drain.js';
import { type PeerOverride, peerOverridesOf } from '../../../model/drain/peer-override.js';
import { isWeirError } from '../../../model/errors/weir-error.js';
import type { Log } from '../../../model/log-level.js';
import { monotonicUs } from '../../../sys/clock.js';
import { isSystemError } from '../../../sys/errno.js';
import { drainKeeper } from '../../drain/drain-driver.js';
import { takePeerDrains } from '../../drain/drains.js';

/** Between two looks whether a process drives them, in looks at the record. */
const LOOKS_PER_DRIVER = 50;
/** A peer that changes its drains all the time does not keep the table's lock from others, nor fill the log: between two times, and lines for each. */
const [TAKE_PAUSE_MS, LINES_MAX] = [250, 16] as const;

export class SharedDrains implements DrainSource {
  #record: DrainRecord = NO_DRAINS;
  #versions = '';
  #revision = 0;
  #looks = 0;
  #failure = '';
  #takenAt = Number.NEGATIVE_INFINITY;
  readonly #keepDriven = drainKeeper();

  /** `folder`: of the pins; undefined: nothing is loaded. `waitMs`: for the table's lock. */
  constructor(
    readonly folder: () => string | undefined,
    readonly waitMs: number,
    readonly log: Log,
  ) {}

  get revision(): number {
    return this.#revision;
  }

  all(): readonly PeerDrain[] {
    return peerDrainsOf(this.#record, monotonicUs());
  }

  overrides(): readonly PeerOverride[] {
    return peerOverridesOf(this.#record, monotonicUs());
  }

  /** To be called again and again. */
  look(): void {
    const folder = this.folder();
    this.#record = folder === undefined ? NO_DRAINS : (this.#attempt(() => readDrains({ folder })) ?? NO_DRAINS);
    const { drains, cancelled = [], overrides = [], removedOverrides = [] } = this.#record;
    const versions = [...cancelled, ...drains.map(({ shared }) => shared)].map((one) => `${one?.uid} ${one?.version}`).join();
    const all = JSON.stringify([versions, overrides, removedOverrides]);
    if (all !== this.#versions) this.#revision += 1;
    this.#versions = all;
    if (this.#looks++ % LOOKS_PER_DRIVER === 0 && isDriven(this.#record)) this.#keepDriven();
  }

  /** Those of a peer. False: the table's lock was not free, or others were taken just now. */
  take(drains: readonly PeerDrain[], overrides: readonly PeerOverride[]): boolean {
    if (performance.now() - this.#takenAt < TAKE_PAUSE_MS) return false;
    let lines = 0;
    const onEvent = ({ id, target, event, text }: DrainEvent): void => {
      if (lines++ < LINES_MAX) this.log('info', `drain ${id} ${target}: ${event}: ${text}`);
    };
    const record = this.#attempt(() => takePeerDrains({ drains, overrides }, { onEvent, waitMs: this.waitMs }));
    if (record === 'busy') return false;
    this.#takenAt = performance.now();
    if (lines > LINES_MAX) this.log('info', `drains of peers: ${lines - LINES_MAX} more changes`);
    if (record !== undefined && isDriven(record)) this.#keepDriven();
    return true;
  }

  /** What a drain hinders does not hinder connections; equal failures in a row are logged once. */
  #attempt<T>(work: () => T): T | undefined {
    try {
      const result = work();
      this.#failure = '';
      return result;
    } catch (error) {
      if (!isWeirError(error) && !isSystemError(error)) throw error;
      if (error.message !== this.#failure) this.log('warning', `drains do not go to peers, nor come from them: ${error.message}`);
      this.#failure = error.message;
      return undefined;
    }
  }
}
