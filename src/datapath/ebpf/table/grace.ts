// The grace period after a takeover: so long what belongs to no connection here is dropped, where the stack or its peer would end the connection
// (bpf/director/grace.h). `conf` has its end; the datapath's timer forgets it.
import type { Records } from '../../../sys/bpf/records.js';
import { Conf } from '../abi.gen.js';

/** From any one setting on. */
export const GRACE_MAX_SECONDS = 60;

const SECOND_NS = 1_000_000_000n;

export interface Grace {
  /** So long it was set for. */
  readonly seconds: number;
  /** Until its end, in seconds. */
  readonly left: number;
}

/** undefined: none runs. */
export function graceOf(conf: Records): Grace | undefined {
  const left = Number(conf.big(0, Conf.graceUntil) - process.hrtime.bigint()) / Number(SECOND_NS);
  return left > 0 ? { seconds: conf.get(0, Conf.graceSeconds), left } : undefined;
}

/** Whole seconds from now on, up to GRACE_MAX_SECONDS; 0 ends it. One store decides, so no lock is needed. @throws RangeError */
export function setGrace(conf: Records, seconds: number): void {
  if (!Number.isInteger(seconds) || seconds < 0 || seconds > GRACE_MAX_SECONDS) throw new RangeError(`a grace period of ${seconds} s`);
  if (seconds > 0) conf.set(0, Conf.graceSeconds, seconds);
  conf.setBig(0, Conf.graceUntil, seconds === 0 ? 0n : process.hrtime.bigint() + BigInt(seconds) * SECOND_NS);
}
