// Who becomes master: version, priority, initial state, intervals, preemption (keepalived.conf(5)), and what strict mode makes of them.
import type { Family } from '../../../../model/address.js';
import type { VrrpInstance } from '../../../../model/keepalived/instance.js';
import type { Origin, Report, Values, Word } from '../../keyword.js';
import { readWhole } from '../../values/number.js';
import { allOf, booleanOf, lastOf, nameOf, numberOf, placeOf, textOf } from '../../values/values.js';
import { tellError, tellNotice } from '../report.js';
import type { Inherited } from './inherit.js';

const OWNER = 255;
const CENTISECOND = 10_000;
const SECOND = 1_000_000;

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

const say = ({ report, name }: InstanceContext, at: Origin, text: string, hint?: string): void =>
  tellError(report, at, `(${name}) ${text}`, hint);

/** `version`: the first one counts; IPv6 is always 3. */
export function versionOf(block: Values, family: Family, strict: boolean, inherited: Inherited, report: Report): 2 | 3 {
  const name = nameOf(block);
  const [first, ...more] = allOf(block, 'version');
  for (const { value, at } of more) {
    if (value !== first?.value) {
      tellError(
        report,
        at,
        `(${name}) vrrp_version ${String(value)} conflicts with configured or deduced version ${String(first?.value)}; ignoring.`,
      );
    }
  }
  const version = first === undefined ? inherited.version : first.value === 3 ? 3 : 2;
  if (family === 'inet' || version === 3) return version;
  const text = `(${name}) cannot use IPv6 with VRRP version 2; setting version 3`;
  if (strict) tellError(report, first?.at ?? block.at, text);
  else if (first !== undefined) tellNotice(report, first.at, text);
  return 3;
}

/** What `state` says: the first of several, and MASTER or BACKUP only. */
function stateOf(context: InstanceContext): 'master' | 'backup' | undefined {
  let state: string | undefined;
  for (const { value } of allOf(context.block, 'state')) {
    const word = (value as readonly Word[])[0];
    if (word === undefined) continue;
    if (word.text !== 'MASTER' && word.text !== 'BACKUP') {
      say(context, word.at, `unknown state '${word.text}', defaulting to BACKUP`, 'MASTER or BACKUP, in capitals; the priority decides');
    } else if (state === 'MASTER' && word.text === 'BACKUP') say(context, word.at, 'state previously set as MASTER - ignoring BACKUP');
    else state = word.text;
  }
  return state === undefined ? undefined : state === 'MASTER' ? 'master' : 'backup';
}

type Standing = Pick<VrrpInstance, 'initialState' | 'priority'>;

/** Priority and initial state, which hang together: master without priority is the owner, and so is 255 without state. */
function standingOf(context: InstanceContext): Standing {
  const { block, strict } = context;
  const said = stateOf(context);
  const given = numberOf(block, 'priority');
  const priority = given ?? (said === 'master' ? OWNER : 100);
  let initialState = said ?? (priority === OWNER ? 'master' : 'backup');
  if (strict && (initialState === 'master') !== (priority === OWNER)) {
    say(
      context,
      placeOf(block, 'state'),
      'State MASTER must match being address owner',
      'in strict mode MASTER is priority 255, BACKUP any other',
    );
    initialState = priority === OWNER ? 'master' : 'backup';
  }
  return { initialState, priority };
}

/** AH counts its packets, so that nobody can begin as master without having heard the count. */
export function withoutAhMaster(context: InstanceContext, standing: Standing, authentication: VrrpInstance['authentication']): Standing {
  if (authentication.kind !== 'ah' || standing.initialState !== 'master' || standing.priority === OWNER) return standing;
  say(context, placeOf(context.block, 'state'), 'Initial state master is incompatible with AH authentication - clearing');
  return { ...standing, initialState: 'backup' };
}

/** Version 2 has whole seconds, version 3 hundredths up to 40.95 s. */
function advertOf(context: InstanceContext): number {
  const { block, version } = context;
  const us = numberOf(block, 'advert_int') ?? SECOND;
  const at = placeOf(block, 'advert_int');
  if (version === 2) {
    if (us % SECOND === 0) return us;
    say(
      context,
      at,
      `VRRPv2 advertisement interval ${(us / SECOND).toFixed(6)}s must be an integer. rounding`,
      'version 3 has hundredths of a second',
    );
    return Math.max(1, Math.round(us / SECOND)) * SECOND;
  }
  if (us > 4095 * CENTISECOND) {
    say(
      context,
      at,
      `VRRPv3 advertisement interval ${(us / SECOND).toFixed(2)}s is out of range. Must be less than 40.96s. Setting to 40.95s`,
    );
    return 4095 * CENTISECOND;
  }
  if (us % CENTISECOND !== 0) {
    say(context, at, `VRRPv3 advertisement interval ${(us / SECOND).toFixed(6)}s must be in units of 10ms - rounding`);
  }
  return Math.max(1, Math.round(us / CENTISECOND)) * CENTISECOND;
}

/** Of two opposite flags the later one counts. */
function laterFlag(block: Values, on: string, off: string): boolean | undefined {
  const [yes, no] = [lastOf(block, on)?.at, lastOf(block, off)?.at];
  if (yes === undefined || no === undefined) return yes !== undefined ? true : no !== undefined ? false : undefined;
  return yes.line > no.line || (yes.line === no.line && yes.column > no.column);
}

function preemption(context: InstanceContext, { initialState, priority }: Standing): Pick<VrrpInstance, 'nopreempt' | 'preemptDelayUs'> {
  const { block, strict } = context;
  let nopreempt = laterFlag(block, 'nopreempt', 'preempt') === true;
  const at = placeOf(block, 'nopreempt');
  const backup = 'the other node takes the addresses when it comes: say state BACKUP on both nodes';
  if (nopreempt && priority === OWNER) {
    say(context, at, 'nopreempt is incompatible with priority 255. resetting nopreempt');
    nopreempt = false;
  } else if (nopreempt && initialState === 'master') {
    say(context, at, 'Warning - nopreempt will not work with initial state MASTER - clearing', backup);
    nopreempt = false;
  }
  const delay = numberOf(block, 'preempt_delay') ?? 0;
  const place = placeOf(block, 'preempt_delay');
  if (delay === 0) return { nopreempt, preemptDelayUs: 0 };
  if (strict) say(context, place, 'preempt_delay is incompatible with strict mode - resetting');
  else if (nopreempt) say(context, place, 'preempt_delay is incompatible with nopreempt mode - resetting');
  else if (initialState === 'master')
    say(context, place, 'Warning - preempt delay will not work with initial state MASTER - clearing', backup);
  else return { nopreempt, preemptDelayUs: delay };
  return { nopreempt, preemptDelayUs: 0 };
}

/** Does the master take packets to its addresses? In strict mode only the owner; VRRPv2 has no such choice (RFC 3768 §6.4.3). */
function accepts(context: InstanceContext, priority: number): boolean {
  const { block, strict, version } = context;
  const said = laterFlag(block, 'accept', 'no_accept');
  if (!strict) return said ?? true;
  if (said === true && version === 2 && priority !== OWNER) {
    say(context, placeOf(block, 'accept'), 'warning - accept mode for VRRP version 2 does not comply with RFC3768 - resetting');
    return false;
  }
  return said ?? priority === OWNER;
}

type Answers = Pick<VrrpInstance, 'downTimerAdverts' | 'lowerPriorityNoAdvert' | 'higherPrioritySendAdvert' | 'ownerIgnoreAdverts'>;

/** Only the address owner may turn a deaf ear to others. */
function ownerIgnores(context: InstanceContext, priority: number): boolean {
  const { block, strict, inherited } = context;
  const said = booleanOf(block, 'owner_ignore_adverts');
  const at = placeOf(block, 'owner_ignore_adverts');
  if (priority !== OWNER) {
    if (said === true) say(context, at, `ignoring owner_ignore_adverts since priority is not ${OWNER}`);
    return false;
  }
  if (said === false && strict) say(context, at, `strict_mode with priority ${OWNER} requires owner_ignore_adverts`);
  return strict || (said ?? inherited.ownerIgnoreAdverts);
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
    say(context, placeOf(block, 'down_timer_adverts'), 'down_timer_adverts is incompatible with strict mode - resetting');
  if (lower === false) say(context, placeOf(block, 'lower_prio_no_advert'), 'Strict mode requires no lower priority advert. resetting');
  if (higher === true)
    say(context, placeOf(block, 'higher_prio_send_advert'), 'strict mode requires higher_prio_send_advert to be clear. resetting');
  return { downTimerAdverts: 3, lowerPriorityNoAdvert: true, higherPrioritySendAdvert: false, ownerIgnoreAdverts: owner };
}

/** `timer_expired_backup [1..254]`; without a number the quickest rival there can be. */
function timerExpired(context: InstanceContext, nopreempt: boolean): number | undefined {
  const said = lastOf(context.block, 'timer_expired_backup');
  if (said === undefined) return undefined;
  const [word] = said.value as readonly Word[];
  const { value, problem } = readWhole(word?.text ?? '254', { min: 1, max: 254 });
  if (value === undefined) {
    if (problem !== undefined) tellError(context.report, said.at, problem);
    say(context, said.at, 'timer_expired_backup highest_other_priority not valid! must be between 1 & 254');
  } else if (!nopreempt) {
    say(context, said.at, 'expired_timer_backup requires nopreempt - resetting');
    return undefined;
  }
  return value;
}

/** weir's own fast mode: extra adverts below advert_int. */
function fastOf(context: InstanceContext, advertUs: number): VrrpInstance['fast'] {
  const { block } = context;
  const intervalUs = numberOf(block, 'fast_advert_int');
  const missed = numberOf(block, 'fast_down_adverts');
  if (intervalUs === undefined) {
    if (missed !== undefined) say(context, placeOf(block, 'fast_down_adverts'), 'fast_down_adverts without fast_advert_int - ignoring');
    return undefined;
  }
  const at = placeOf(block, 'fast_advert_int');
  if (context.strict) say(context, at, 'fast_advert_int is incompatible with strict mode - ignoring');
  else if (intervalUs >= advertUs) say(context, at, 'fast_advert_int is not below advert_int - ignoring');
  else return { intervalUs, missed: missed ?? 5 };
  return undefined;
}

/** What the election of an instance goes by. */
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
  // Written out: a copy of a part costs more than all its fields, and there may be tens of thousands.
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
