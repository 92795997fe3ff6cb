// VRRP's times in microseconds (RFC 3768 §6.1, RFC 9568 §6.1), by effective priority, as in keepalived.
import type { VrrpContext } from '../context.js';
import type { InstanceState } from '../state/instance-state.js';

const SECOND_US = 1_000_000;
/** What adverts of a released master carry. */
export const RELEASED_PRIORITY = 1;
/** How many adverts must come as close together as in fast mode before a backup relies on it. */
const FAST_ADVERTS_MIN = 3;

type Timed = Pick<InstanceState, 'config' | 'priority' | 'advertUs' | 'master'>;

/** How much earlier a higher priority takes over: up to a second (v2), up to the master's interval (v3). */
export function skewUs(instance: Timed, advertUs = instance.advertUs): number {
  const unit = instance.config.version === 2 ? SECOND_US : advertUs;
  return Math.floor(((256 - instance.priority) * unit) / 256);
}

/** The longest that a backup of this master waits after priority 0, whatever its own priority is. */
export const skewMaxUs = (master: Timed): number => skewUs({ ...master, priority: 0 }, master.config.advertUs);

/** The silence after which a backup takes over, by the ordinary interval. */
export function ordinaryDownUs(instance: Timed): number {
  return instance.config.downTimerAdverts * instance.advertUs + skewUs(instance);
}

/** The silence after which a backup takes over, shorter while the master sends in fast mode. */
export function masterDownUs(instance: Timed): number {
  const { fast } = instance.config;
  if (fast === undefined || (instance.master?.fastRun ?? 0) < FAST_ADVERTS_MIN) return ordinaryDownUs(instance);
  return Math.min(ordinaryDownUs(instance), fastDownUs(instance, fast));
}

function fastDownUs(instance: Timed, fast: { readonly intervalUs: number; readonly missed: number }): number {
  return fast.missed * fast.intervalUs + Math.floor(((256 - instance.priority) * fast.intervalUs) / 256);
}

/** How long a backup waits after the master sent priority 0, or after it gave up mastership itself. */
export function handoverUs(instance: Timed): number {
  const { fast } = instance.config;
  if (fast === undefined || (instance.master?.fastRun ?? 0) < FAST_ADVERTS_MIN) return skewUs(instance);
  return Math.min(skewUs(instance), Math.floor(((256 - instance.priority) * fast.intervalUs) / 256));
}

/** The time between a master's adverts. */
export function sendIntervalUs(instance: Timed): number {
  return Math.min(instance.config.advertUs, instance.config.fast?.intervalUs ?? instance.config.advertUs);
}

/**
 * What records that an instance changes its state now. The wall clock's moment is stored once: programs compare it between two dumps.
 */
export function transitionTimes({ atUs, machine }: VrrpContext): Pick<InstanceState, 'lastTransitionUs' | 'lastTransitionWallUs'> {
  return { lastTransitionUs: atUs, lastTransitionWallUs: atUs + (machine.wallOffsetUs ?? 0) };
}

/** Whether adverts this far apart may be of fast mode, where one may be lost. */
export function looksFast(instance: Timed, gapUs: number): boolean {
  const { fast } = instance.config;
  return fast !== undefined && gapUs <= 2 * fast.intervalUs;
}
