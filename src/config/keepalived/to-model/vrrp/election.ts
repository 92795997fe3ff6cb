// The settings of the election: version, priority, initial state, intervals, preemption (keepalived.conf(5)), and the effect of strict
// mode.
import type { Family } from '../../../../model/address.js';
import type { VrrpInstance } from '../../../../model/keepalived/instance.js';
import { type Report, reportProblem } from '../../diagnostics/report.js';
import type { Values, Word } from '../../keyword.js';
import { readWhole, SECOND_US } from '../../values/number.js';
import { allOf, booleanOf, lastOf, nameOf, numberOf, placeOf, textOf } from '../../values/values.js';
import type { Inherited } from './inherit.js';

const OWNER = 255;
const CENTISECOND = 10_000;

/** An instance being built. */
export interface InstanceContext {
  readonly block: Values;
  readonly name: string;
  readonly family: Family;
  readonly version: 2 | 3;
  readonly strict: boolean;
  readonly inherited: Inherited;
  readonly report: Report;
}

/** `version`: the first one counts; IPv6 is always 3. */
export function versionOf(block: Values, family: Family, strict: boolean, inherited: Inherited, report: Report): 2 | 3 {
  const name = nameOf(block);
  const [first, ...more] = allOf(block, 'version');
  for (const { value, at } of more) {
    if (value !== first?.value) {
      report('vrrp-version-conflict', at, { name, version: String(value), deduced: String(first?.value) });
    }
  }
  const version = first === undefined ? inherited.version : first.value === 3 ? 3 : 2;
  if (family === 'inet' || version === 3) return version;
  if (strict) report('vrrp-version-ipv6', first?.at ?? block.at, { name });
  else if (first !== undefined) report('vrrp-version-ipv6', first.at, { name }, 'notice');
  return 3;
}

/** The first `state` that is MASTER or BACKUP. */
function stateOf(context: InstanceContext): 'master' | 'backup' | undefined {
  let state: string | undefined;
  for (const { value } of allOf(context.block, 'state')) {
    const word = (value as readonly Word[])[0];
    if (word === undefined) continue;
    if (word.text !== 'MASTER' && word.text !== 'BACKUP') {
      context.report('state-unknown', word.at, { name: context.name, word: word.text });
    } else if (state === 'MASTER' && word.text === 'BACKUP') context.report('state-conflict', word.at, { name: context.name });
    else state = word.text;
  }
  return state === undefined ? undefined : state === 'MASTER' ? 'master' : 'backup';
}

type Standing = Pick<VrrpInstance, 'initialState' | 'priority'>;

/**
 * Priority and initial state depend on each other: MASTER without a priority is the address owner, and so is priority 255 without a state.
 */
function standingOf(context: InstanceContext): Standing {
  const { block, strict } = context;
  const written = stateOf(context);
  const optional = numberOf(block, 'priority');
  const priority = optional ?? (written === 'master' ? OWNER : 100);
  let initialState = written ?? (priority === OWNER ? 'master' : 'backup');
  if (strict && (initialState === 'master') !== (priority === OWNER)) {
    context.report('state-not-owner', placeOf(block, 'state'), { name: context.name });
    initialState = priority === OWNER ? 'master' : 'backup';
  }
  return { initialState, priority };
}

/** AH numbers its packets: a node must receive the current number before it can be master. */
function withoutAhMaster(context: InstanceContext, standing: Standing, authentication: VrrpInstance['authentication']): Standing {
  if (authentication.kind !== 'ah' || standing.initialState !== 'master' || standing.priority === OWNER) return standing;
  context.report('state-master-with-ah', placeOf(context.block, 'state'), { name: context.name });
  return { ...standing, initialState: 'backup' };
}

/** Version 2 has whole seconds, version 3 hundredths up to 40.95 s. */
function advertOf(context: InstanceContext): number {
  const { block, version } = context;
  const us = numberOf(block, 'advert_int') ?? SECOND_US;
  const at = placeOf(block, 'advert_int');
  if (version === 2) {
    if (us % SECOND_US === 0) return us;
    context.report('advert-interval-rounded-v2', at, { name: context.name, seconds: (us / SECOND_US).toFixed(6) });
    return Math.max(1, Math.round(us / SECOND_US)) * SECOND_US;
  }
  if (us > 4095 * CENTISECOND) {
    context.report('advert-interval-range-v3', at, { name: context.name, seconds: (us / SECOND_US).toFixed(2) });
    return 4095 * CENTISECOND;
  }
  if (us % CENTISECOND !== 0) {
    context.report('advert-interval-rounded-v3', at, { name: context.name, seconds: (us / SECOND_US).toFixed(6) });
  }
  return Math.max(1, Math.round(us / CENTISECOND)) * CENTISECOND;
}

/** Of two opposite flags, the later one counts. */
function laterFlag(block: Values, on: string, off: string): boolean | undefined {
  const [yes, no] = [lastOf(block, on)?.at, lastOf(block, off)?.at];
  if (yes === undefined || no === undefined) return yes !== undefined ? true : no !== undefined ? false : undefined;
  return yes.line > no.line || (yes.line === no.line && yes.column > no.column);
}

function preemption(context: InstanceContext, { initialState, priority }: Standing): Pick<VrrpInstance, 'nopreempt' | 'preemptDelayUs'> {
  const { block, strict } = context;
  let nopreempt = laterFlag(block, 'nopreempt', 'preempt') === true;
  const at = placeOf(block, 'nopreempt');
  const backup = 'the other node takes the addresses when it comes: set state BACKUP on both nodes';
  if (nopreempt && priority === OWNER) {
    context.report('nopreempt-priority-255', at, { name: context.name });
    nopreempt = false;
  } else if (nopreempt && initialState === 'master') {
    context.report('nopreempt-state-master', at, { name: context.name, hint: backup });
    nopreempt = false;
  }
  const delay = numberOf(block, 'preempt_delay') ?? 0;
  const place = placeOf(block, 'preempt_delay');
  if (delay === 0) return { nopreempt, preemptDelayUs: 0 };
  if (strict) context.report('preempt-delay-strict-mode', place, { name: context.name });
  else if (nopreempt) context.report('preempt-delay-nopreempt', place, { name: context.name });
  else if (initialState === 'master') context.report('preempt-delay-state-master', place, { name: context.name, hint: backup });
  else return { nopreempt, preemptDelayUs: delay };
  return { nopreempt, preemptDelayUs: 0 };
}

/** Does the master accept packets to its addresses? In strict mode only the owner does; VRRPv2 offers no choice (RFC 3768 §6.4.3). */
function accepts(context: InstanceContext, priority: number): boolean {
  const { block, strict, version } = context;
  const written = laterFlag(block, 'accept', 'no_accept');
  if (!strict) return written ?? true;
  if (written === true && version === 2 && priority !== OWNER) {
    context.report('accept-version-2', placeOf(block, 'accept'), { name: context.name });
    return false;
  }
  return written ?? priority === OWNER;
}

type Answers = Pick<VrrpInstance, 'downTimerAdverts' | 'lowerPriorityNoAdvert' | 'higherPrioritySendAdvert' | 'ownerIgnoreAdverts'>;

/** Only the address owner may ignore adverts of others. */
function ownerIgnores(context: InstanceContext, priority: number): boolean {
  const { block, strict, inherited } = context;
  const written = booleanOf(block, 'owner_ignore_adverts');
  const at = placeOf(block, 'owner_ignore_adverts');
  if (priority !== OWNER) {
    if (written === true) context.report('owner-ignore-adverts-not-owner', at, { name: context.name, priority: OWNER });
    return false;
  }
  if (written === false && strict) context.report('owner-ignore-adverts-strict-mode', at, { name: context.name, priority: OWNER });
  return strict || (written ?? inherited.ownerIgnoreAdverts);
}

function answers(context: InstanceContext, priority: number): Answers {
  const { block, strict, inherited } = context;
  const down = numberOf(block, 'down_timer_adverts');
  const lower = booleanOf(block, 'lower_prio_no_advert');
  const higher = booleanOf(block, 'higher_prio_send_advert');
  const owner = ownerIgnores(context, priority);
  if (!strict) {
    return {
      downTimerAdverts: down ?? inherited.downTimerAdverts,
      lowerPriorityNoAdvert: lower ?? inherited.lowerPriorityNoAdvert,
      higherPrioritySendAdvert: higher ?? inherited.higherPrioritySendAdvert,
      ownerIgnoreAdverts: owner,
    };
  }
  if (down !== undefined && down !== 3)
    context.report('down-timer-adverts-strict-mode', placeOf(block, 'down_timer_adverts'), { name: context.name });
  if (lower === false) context.report('lower-prio-no-advert-strict-mode', placeOf(block, 'lower_prio_no_advert'), { name: context.name });
  if (higher === true)
    context.report('higher-prio-send-advert-strict-mode', placeOf(block, 'higher_prio_send_advert'), { name: context.name });
  return { downTimerAdverts: 3, lowerPriorityNoAdvert: true, higherPrioritySendAdvert: false, ownerIgnoreAdverts: owner };
}

/** `timer_expired_backup [1..254]`; the default is the highest priority of another backup. */
function timerExpired(context: InstanceContext, nopreempt: boolean): number | undefined {
  const written = lastOf(context.block, 'timer_expired_backup');
  if (written === undefined) return undefined;
  const [word] = written.value as readonly Word[];
  const { value, problem } = readWhole(word?.text ?? '254', { min: 1, max: 254 });
  if (value === undefined) {
    if (problem !== undefined) reportProblem(context.report, written.at, problem);
    context.report('timer-expired-backup-range', written.at, { name: context.name });
  } else if (!nopreempt) {
    context.report('timer-expired-backup-preempt', written.at, { name: context.name });
    return undefined;
  }
  return value;
}

/** weir's fast mode: extra adverts more often than advert_int. */
function fastOf(context: InstanceContext, advertUs: number): VrrpInstance['fast'] {
  const { block } = context;
  const intervalUs = numberOf(block, 'fast_advert_int');
  const missed = numberOf(block, 'fast_down_adverts');
  if (intervalUs === undefined) {
    if (missed !== undefined)
      context.report('fast-down-adverts-without-interval', placeOf(block, 'fast_down_adverts'), { name: context.name });
    return undefined;
  }
  const at = placeOf(block, 'fast_advert_int');
  if (context.strict) context.report('fast-advert-strict-mode', at, { name: context.name });
  else if (intervalUs >= advertUs) context.report('fast-advert-interval-long', at, { name: context.name });
  else return { intervalUs, missed: missed ?? 5 };
  return undefined;
}

/** The settings of an instance's election. */
export type Election = Standing &
  Answers &
  Pick<
    VrrpInstance,
    'advertUs' | 'nopreempt' | 'preemptDelayUs' | 'accept' | 'skipCheckAdvertAddresses' | 'addressMismatch' | 'timerExpiredBackup' | 'fast'
  >;

export function buildElection(context: InstanceContext, authentication: VrrpInstance['authentication']): Election {
  const { block, inherited } = context;
  const standing = withoutAhMaster(context, standingOf(context), authentication);
  const advertUs = advertOf(context);
  const mismatch = textOf(block, 'address_mismatch');
  const { nopreempt, preemptDelayUs } = preemption(context, standing);
  const { downTimerAdverts, lowerPriorityNoAdvert, higherPrioritySendAdvert, ownerIgnoreAdverts } = answers(context, standing.priority);
  const expired = timerExpired(context, nopreempt);
  const fast = fastOf(context, advertUs);
  // Written out: spreading copies would cost more than all fields, and there may be tens of thousands of instances.
  return {
    initialState: standing.initialState,
    priority: standing.priority,
    advertUs,
    nopreempt,
    preemptDelayUs,
    accept: accepts(context, standing.priority),
    downTimerAdverts,
    lowerPriorityNoAdvert,
    higherPrioritySendAdvert,
    ownerIgnoreAdverts,
    skipCheckAdvertAddresses: booleanOf(block, 'skip_check_adv_addr') ?? inherited.skipCheckAdvertAddresses,
    addressMismatch: mismatch === 'accept' || mismatch === 'drop' ? mismatch : inherited.addressMismatch,
    ...(expired === undefined ? {} : { timerExpiredBackup: expired }),
    ...(fast === undefined ? {} : { fast }),
  };
}
