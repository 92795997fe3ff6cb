// The values in force, by keyword: after defaults, inheritance and corrections by the builders.
import type { VrrpInstance } from '../../../model/keepalived/instance.js';
import type { Checker, CheckKind, RealServer, VirtualServer } from '../../../model/keepalived/virtual-server.js';
import type { ForwardingMethod, Tunnel } from '../../../model/service.js';
import { secondsText } from './argument-text.js';

/** The words behind a keyword, by keyword. */
export type Effective = ReadonlyMap<string, string>;

const of = (entries: Readonly<Record<string, string | number | boolean | undefined>>): Effective =>
  new Map(
    Object.entries(entries).flatMap(([keyword, value]) =>
      value === undefined ? [] : [[keyword, typeof value === 'boolean' ? (value ? 'on' : 'off') : String(value)] as const],
    ),
  );

export function effectiveInstance(instance: VrrpInstance): Effective {
  const { garp } = instance;
  return of({
    state: instance.initialState.toUpperCase(),
    virtual_router_id: instance.vrid,
    priority: instance.priority,
    version: instance.version,
    advert_int: secondsText(instance.advertUs),
    strict_mode: instance.strict,
    down_timer_adverts: instance.downTimerAdverts,
    lower_prio_no_advert: instance.lowerPriorityNoAdvert,
    higher_prio_send_advert: instance.higherPrioritySendAdvert,
    owner_ignore_adverts: instance.ownerIgnoreAdverts,
    skip_check_adv_addr: instance.skipCheckAdvertAddresses,
    address_mismatch: instance.addressMismatch,
    garp_master_delay: secondsText(garp.masterDelayUs),
    garp_master_repeat: garp.masterRepeat,
    garp_lower_prio_delay: secondsText(garp.lowerPriorityDelayUs),
    garp_lower_prio_repeat: garp.lowerPriorityRepeat,
    garp_master_refresh: secondsText(garp.masterRefreshUs),
    garp_master_refresh_repeat: garp.masterRefreshRepeat,
    smtp_alert: instance.notify.smtpAlert,
    notify_priority_changes: instance.notify.priorityChanges,
  });
}

const METHOD_WORDS: Readonly<Record<ForwardingMethod, string>> = {
  masq: 'NAT',
  route: 'DR',
  tunnel: 'TUN',
  local: 'NAT',
  fullnat: 'FULLNAT',
};

function methodText(method: ForwardingMethod, { type, port, checksum }: Tunnel): string {
  if (method !== 'tunnel' || type === 'ipip') return METHOD_WORDS[method];
  const sums = checksum === 'nocsum' ? '' : ` ${checksum}`;
  return `TUN type ${type}${type === 'gue' ? ` port ${port}` : ''}${sums}`;
}

export function effectiveVirtualServer(server: VirtualServer): Effective {
  const mark = server.target.kind === 'service' && server.target.key.kind === 'fwmark';
  return of({
    lvs_sched: server.scheduler,
    lvs_method: methodText(server.method, server.tunnel),
    ...(mark || server.target.kind === 'group' ? {} : { protocol: server.protocol.toUpperCase() }),
    ...(server.persistence === undefined ? {} : { persistence_timeout: server.persistence.timeout }),
    // The language cannot express quorum 0, which results from servers that all have weight 0. Reading gives it again.
    ...(server.quorum === 0 ? {} : { quorum: server.quorum, hysteresis: server.hysteresis }),
    smtp_alert: server.smtpAlert,
  });
}

export function effectiveRealServer(server: RealServer): Effective {
  return of({
    weight: server.weight,
    lvs_method: methodText(server.method, server.tunnel),
    uthreshold: server.upperThreshold,
    lthreshold: server.lowerThreshold,
    inhibit_on_failure: server.inhibitOnFailure,
    ...(server.slowStartUs === 0 ? {} : { slow_start: secondsText(server.slowStartUs) }),
    alpha: server.alpha,
    smtp_alert: server.smtpAlert,
  });
}

export const CHECK_KINDS: ReadonlyMap<string, CheckKind['kind']> = new Map([
  ['HTTP_GET', 'http'],
  ['SSL_GET', 'ssl'],
  ['TCP_CHECK', 'tcp'],
  ['SMTP_CHECK', 'smtp'],
  ['DNS_CHECK', 'dns'],
  ['MISC_CHECK', 'misc'],
  ['UDP_CHECK', 'udp'],
  ['PING_CHECK', 'ping'],
  ['VIP_CHECK', 'vip'],
]);

export function effectiveChecker({ timing }: Checker): Effective {
  return of({
    delay_loop: secondsText(timing.delayLoopUs),
    connect_timeout: secondsText(timing.connectTimeoutUs),
    retry: timing.retry,
    delay_before_retry: secondsText(timing.delayBeforeRetryUs),
    warmup: secondsText(timing.warmupUs),
    // Words of weir's own only where they have an effect: the text is for keepalived, too.
    ...(timing.rise === 1 ? {} : { rise: timing.rise }),
    ...(timing.fall === 1 ? {} : { fall: timing.fall }),
    alpha: timing.alpha,
    log_all_failures: timing.logAllFailures,
  });
}
