// What the API does with overrides: states one, and takes one away. They stand in the record of drains, and whoever drives these ends them in time.
import { checkOverride } from '../../control/drain/check-drain.js';
import type { DrainRecord } from '../../model/drain/drain.js';
import { canonicalTarget } from '../../model/drain/drain-target.js';
import type { WantedOverride } from '../../model/drain/override.js';
import { monotonicUs } from '../../sys/clock.js';
import { type DrainCall, type DrainDirector, SILENT, take, viewerToDrain, withDirector } from './drains.js';

/** Under the lock, of the record before the change: what it throws refuses the change. */
type CheckRecord = (record: DrainRecord) => void;
type Call = DrainCall & { readonly check?: CheckRecord };

const SECOND_US = 1_000_000;

/**
 * In the place of an override of the same target: when it returns, packets on every CPU find it.
 * @throws WeirError as checkOverride, drain-record
 */
export function setOverrideOf(
  director: DrainDirector,
  { forS, allowEmpty, ...wanted }: WantedOverride,
  { onEvent = SILENT, check }: Call = {},
): DrainRecord {
  const viewOf = viewerToDrain();
  return director.exclusively(() => {
    const record = director.drainRecord();
    check?.(record);
    checkOverride(wanted, allowEmpty, viewOf(director));
    const untilUs = forS === null ? null : monotonicUs() + forS * SECOND_US;
    const override = { ...wanted, target: canonicalTarget(wanted.target), since: new Date().toISOString(), untilUs };
    return take(director, record, { kind: 'override', override }, onEvent);
  });
}

/** None is there: nothing changes. @throws WeirError drain-record */
export const removeOverrideOf = (director: DrainDirector, target: string, { onEvent = SILENT, check }: Call = {}): DrainRecord =>
  director.exclusively(() => {
    const record = director.drainRecord();
    check?.(record);
    return take(director, record, { kind: 'no-override', target: canonicalTarget(target) }, onEvent);
  });

/** The same in this network namespace. @throws WeirError datapath-not-loaded, lock-busy, too */
export const setOverride = (wanted: WantedOverride, call: Call = {}): DrainRecord =>
  withDirector((director) => setOverrideOf(director, wanted, call), call.waitMs);

export const removeOverride = (target: string, call: Call = {}): DrainRecord =>
  withDirector((director) => removeOverrideOf(director, target, call), call.waitMs);
