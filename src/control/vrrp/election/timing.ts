// VRRP's times in microseconds (RFC 3768 §6.1, RFC 9568 §6.1), by effective priority as keepalived has them.
import type { InstanceState } from '../state/instance-state.js';

const second = 1_000_000;
/** Adverts that must come as close as fast mode's before a backup relies on them. */
const fastTrust = 3;

type Timed = Pick<InstanceState, 'config' | 'priority' | 'advertUs' | 'master'>;

/** How much earlier a higher priority takes over: up to a second (v2), up to the master's interval (v3). */
export function skewUs(instance: Timed, advertUs = instance.advertUs): number {
  const unit = instance.config.version === 2 ? second : advertUs;
  return Math.floor(((256 - instance.priority) * unit) / 256);
}

/** Silence after which a backup takes the master for gone, by its adverts' ordinary interval. */
export function ordinaryDownUs(instance: Timed): number {
  return instance.config.downTimerAdverts * instance.advertUs + skewUs(instance);
}

/** The same, shorter where the master has been heard to send in fast mode. */
export function masterDownUs(instance: Timed): number {
  const { fast } = instance.config;
  if (fast === undefined || (instance.master?.fastRun ?? 0) < fastTrust) return ordinaryDownUs(instance);
  return Math.min(ordinaryDownUs(instance), fastDownUs(instance, fast));
}

function fastDownUs(instance: Timed, fast: { readonly intervalUs: number; readonly missed: number }): number {
  return fast.missed * fast.intervalUs + Math.floor(((256 - instance.priority) * fast.intervalUs) / 256);
}

/** The wait of a backup that was told the master leaves, or that gave its own mastership up. */
export function handoverUs(instance: Timed): number {
  const { fast } = instance.config;
  if (fast === undefined || (instance.master?.fastRun ?? 0) < fastTrust) return skewUs(instance);
  return Math.min(skewUs(instance), Math.floor(((256 - instance.priority) * fast.intervalUs) / 256));
}

/** What a master waits between adverts. */
export function sendIntervalUs(instance: Timed): number {
  return Math.min(instance.config.advertUs, instance.config.fast?.intervalUs ?? instance.config.advertUs);
}

/** Whether adverts this far apart may be fast mode's: one may be lost. */
export function looksFast(instance: Timed, gapUs: number): boolean {
  const { fast } = instance.config;
  return fast !== undefined && gapUs <= 2 * fast.intervalUs;
}
