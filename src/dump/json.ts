// keepalived.json, in its two layouts (json_version): one line, keepalived's keys in keepalived's order. Pure.
import type { InstanceState } from '../control/vrrp/state/instance-state.js';
import type { VrrpMachine } from '../control/vrrp/state/vrrp-machine.js';
import type { Notify } from '../model/keepalived/instance.js';
import type { Script } from '../model/keepalived/script.js';
import type { TrackProcess } from '../model/keepalived/trackers.js';
import { addressText, routeText, ruleText, scriptText } from './host-text.js';
import { type DumpHost, deviceOf, STATE_NUMBERS, virtualName, wallSeconds } from './live.js';

/** The layout: 1 as keepalived 2.2.7 writes it, 2 as keepalived 2.4. */
type Layout = 1 | 2;

const AUTH_TYPES = { none: 0, pass: 1, ah: 2, hmac: 0 } as const;

const bit = (value: boolean): 0 | 1 => (value ? 1 : 0);
const seconds = (us: number): number => us / 1e6;
const list = <T>(key: string, values: readonly T[]): Record<string, readonly T[]> => (values.length === 0 ? {} : { [key]: values });

function scripts({ backup, master, fault, stop, all, masterRxLowerPriority: lower, deleted }: Notify): Record<string, string> {
  const named: readonly (readonly [string, Script | undefined])[] = [
    ['script_backup', backup],
    ['script_master', master],
    ['script_fault', fault],
    ['script_stop', stop],
    ['script_deleted', deleted?.command],
    ['script', all],
    ['script_master_rx_lower_pri', lower],
  ];
  return Object.fromEntries(named.flatMap(([key, script]) => (script === undefined ? [] : [[key, scriptText(script)]])));
}

function timing({ config }: InstanceState): Record<string, unknown> {
  const { garp } = config;
  return {
    garp_delay: seconds(garp.masterDelayUs),
    garp_refresh: seconds(garp.masterRefreshUs),
    garp_rep: garp.masterRepeat,
    garp_refresh_rep: garp.masterRefreshRepeat,
    garp_lower_prio_delay: seconds(garp.lowerPriorityDelayUs),
    garp_lower_prio_rep: garp.lowerPriorityRepeat,
    lower_prio_no_advert: bit(config.lowerPriorityNoAdvert),
    higher_prio_send_advert: bit(config.higherPrioritySendAdvert),
  };
}

function resources(instance: InstanceState, machine: VrrpMachine): Record<string, unknown> {
  const { config, addressesSet: set } = instance;
  const dropped = set && !config.accept && config.priority !== 255;
  const texts = (values: InstanceState['config']['addresses']): readonly string[] =>
    values.map((address) => addressText(address, deviceOf(instance, address, machine), { set, dropped }));
  return {
    ...list('vips', texts(config.addresses)),
    ...list('evips', texts(config.excludedAddresses)),
    ...list('vroutes', config.routes.map(routeText)),
    ...list('vrules', config.rules.map(ruleText)),
  };
}

function tracked({ config }: InstanceState, { configuration }: VrrpMachine, layout: Layout): Record<string, unknown> {
  const commands = config.track.scripts.map(({ name }) => configuration?.scripts.find((script) => script.name === name));
  return {
    ...list(
      'track_ifp',
      config.track.interfaces.map(({ name }) => name),
    ),
    ...list(
      'track_script',
      commands.flatMap((found) => (found === undefined ? [] : [scriptText(found.script)])),
    ),
    ...list(
      'track_process',
      config.track.processes.filter(() => layout === 2).map(({ name }) => name),
    ),
  };
}

function data(instance: InstanceState, machine: VrrpMachine, layout: Layout): Record<string, unknown> {
  const { config, state, want } = instance;
  const { authentication } = config;
  return {
    iname: config.name,
    dont_track_primary: bit(config.dontTrackPrimary),
    skip_check_adv_addr: bit(config.skipCheckAdvertAddresses),
    strict_mode: bit(config.strict),
    vmac_ifname: virtualName(instance, machine) ?? '',
    ifp_ifname: virtualName(instance, machine) ?? config.interface ?? '',
    master_priority: state === 'master' ? 0 : (instance.master?.priority ?? 0),
    last_transition: wallSeconds(instance.lastTransitionWallUs),
    ...timing(instance),
    vrid: config.vrid,
    base_priority: instance.basePriority,
    effective_priority: instance.priority,
    vipset: instance.addressesSet,
    promote_secondaries: config.promoteSecondaries,
    adver_int: seconds(config.advertUs),
    master_adver_int: seconds(instance.advertUs),
    accept: bit(config.accept),
    nopreempt: config.nopreempt,
    preempt_delay: seconds(config.preemptDelayUs),
    state: STATE_NUMBERS[state],
    wantstate: STATE_NUMBERS[want],
    version: config.version,
    smtp_alert: config.notify.smtpAlert,
    notify_deleted: config.notify.deleted !== undefined,
    ...scripts(config.notify),
    ...resources(instance, machine),
    ...tracked(instance, machine, layout),
    auth_type: AUTH_TYPES[authentication.kind],
    ...('password' in authentication ? { auth_data: layout === 1 ? authentication.password : '********' } : {}),
  };
}

function stats({ counters: c, config }: InstanceState, layout: Layout): Record<string, number> {
  const extension = layout === 2 || config.authentication.kind === 'hmac';
  return {
    advert_rcvd: c.advertsReceived,
    advert_sent: c.advertsSent,
    become_master: c.becameMaster,
    release_master: c.releasedMaster,
    packet_len_err: c.lengthErrors,
    advert_interval_err: c.intervalErrors,
    ip_ttl_err: c.ttlErrors,
    invalid_type_rcvd: c.typeErrors,
    addr_list_err: c.addressListErrors,
    invalid_authtype: c.authTypeErrors,
    authtype_mismatch: c.authMismatches,
    auth_failure: c.authFailures,
    ...(extension && {
      auth_ext_missing: c.hmacMissing,
      auth_ext_malformed: c.hmacMalformed,
      auth_ext_unknown_key: c.hmacUnknownKeys,
      auth_ext_invalid_hmac: c.hmacInvalid,
      auth_ext_stale: c.hmacStale,
      auth_ext_replay: c.hmacReplays,
    }),
    pri_zero_rcvd: c.zeroPriorityReceived,
    pri_zero_sent: c.zeroPrioritySent,
  };
}

function trackProcess(tracked: TrackProcess, running: number, waiting: 'fork' | 'terminate' | undefined): Record<string, unknown> {
  const { argv, quorum, quorumMax, weight, reverse } = tracked;
  const [, ...parameters] = argv;
  return {
    process: tracked.name,
    ...(parameters.length === 0 ? {} : { parameters: parameters.join(' ') }),
    param_match: tracked.parameterMatch,
    min_processes: quorum,
    ...(quorumMax === undefined ? {} : { max_processes: quorumMax }),
    current_processes: running,
    have_quorum: running >= quorum && running <= (quorumMax ?? Number.POSITIVE_INFINITY),
    weight: reverse ? -weight : weight,
    terminate_delay: seconds(tracked.terminateDelayUs),
    fork_delay: seconds(tracked.forkDelayUs),
    fork_delay_timer_running: waiting === 'fork',
    terminate_delay_timer_running: waiting === 'terminate',
    full_command: tracked.fullCommand,
  };
}

/** keepalived's writer escapes slashes, and `last_transition` is a number with all its six decimals. */
function write(value: unknown): string {
  const text = JSON.stringify(value)
    .replace(/"last_transition":"([\d.]+)"/g, '"last_transition":$1')
    .replaceAll('/', '\\/');
  return `${text}\n`;
}

/** @param layout 1: an array of instances; 2: an object of arrays */
export function jsonText(instances: readonly InstanceState[], machine: VrrpMachine, host: DumpHost, layout: Layout): string {
  const vrrp = instances.map((instance) => ({ data: data(instance, machine, layout), stats: stats(instance, layout) }));
  if (layout === 1) return write(vrrp);
  const processes = machine.configuration?.processes ?? [];
  const running = processes.map((tracked) =>
    trackProcess(tracked, machine.trackers.processes.get(tracked.name) ?? 0, host.waitingProcesses?.get(tracked.name)),
  );
  return write({ vrrp, ...list('track_process', running) });
}
