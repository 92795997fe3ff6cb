// Timing of health checks: set at a level, else inherited from the level above, else keepalived's default.
import type { CheckTiming } from '../../../../model/keepalived/virtual-server.js';
import type { Values } from '../../keyword.js';
import { SECOND_US } from '../../values/number.js';
import { booleanOf, numberOf } from '../../values/values.js';

/** What a virtual or real server sets for the health checks below it; absent values are inherited. */
export interface TimingDefaults {
  readonly alpha: boolean;
  readonly connectTimeoutUs: number;
  readonly delayLoopUs: number;
  readonly rise: number;
  readonly fall: number;
  readonly retry?: number;
  readonly delayBeforeRetryUs?: number;
  readonly warmupUs?: number;
  readonly logAllFailures: boolean;
}

/** Defaults of the kind of check, if no level sets a value. `delay_loop`: the same as the interval. */
export interface KindDefaults {
  readonly retry: number;
  readonly delayBeforeRetryUs: number | 'delay_loop';
}

const optional = <K extends string>(key: K, value: number | undefined): { readonly [key in K]?: number } =>
  value === undefined ? {} : ({ [key]: value } as { readonly [key in K]: number });

/** The values of `block` over those of the level above; `oldRetry`: the value under its old name. */
export function timingOf(block: Values, above: TimingDefaults, oldRetry?: number): TimingDefaults {
  return {
    alpha: booleanOf(block, 'alpha') ?? above.alpha,
    connectTimeoutUs: numberOf(block, 'connect_timeout') ?? above.connectTimeoutUs,
    delayLoopUs: numberOf(block, 'delay_loop') ?? above.delayLoopUs,
    rise: numberOf(block, 'rise') ?? above.rise,
    fall: numberOf(block, 'fall') ?? above.fall,
    logAllFailures: booleanOf(block, 'log_all_failures') ?? above.logAllFailures,
    ...optional('retry', oldRetry ?? numberOf(block, 'retry') ?? above.retry),
    ...optional('delayBeforeRetryUs', numberOf(block, 'delay_before_retry') ?? above.delayBeforeRetryUs),
    ...optional('warmupUs', numberOf(block, 'warmup') ?? above.warmupUs),
  };
}

/** slow_start of a virtual or real server. */
export function slowStartOf(block: Values): number | undefined {
  const seconds = numberOf(block, 'slow_start');
  return seconds === undefined ? undefined : seconds * SECOND_US;
}

export function completeTiming(timing: TimingDefaults, kind: KindDefaults): CheckTiming {
  const delay = kind.delayBeforeRetryUs === 'delay_loop' ? timing.delayLoopUs : kind.delayBeforeRetryUs;
  return {
    ...timing,
    retry: timing.retry ?? kind.retry,
    delayBeforeRetryUs: timing.delayBeforeRetryUs ?? delay,
    warmupUs: timing.warmupUs ?? timing.delayLoopUs,
  };
}
