// global_defs as the daemon uses it (keepalived.conf(5)).
import { parseIpv4 } from '../../../../model/address-text.js';
import type { GlobalSettings } from '../../../../model/keepalived/global.js';
import type { Fifo, Script } from '../../../../model/keepalived/script.js';
import { type Report, reportProblem } from '../../diagnostics/report.js';
import type { Value, Values } from '../../keyword.js';
import { globalKeywords } from '../../keywords/global/global.js';
import { readWhole, SECOND_US } from '../../values/number.js';
import { booleanOf, has, listOf, numberOf, scriptOf, textOf, wordsOf } from '../../values/values.js';
import { optional } from '../optional-property.js';
import { runAsOf } from '../tracking/trackers.js';
import { buildGarpGroups } from './garp-group.js';
import { buildFlushOnStop, buildSyncDaemon, buildTimeouts } from './lvs-settings.js';
import { buildProcessSettings } from './process-settings.js';
import { buildReceiveBuffers } from './receive-buffers.js';
import { buildSyncStream } from './sync-stream.js';
import { readUmask } from './umask.js';

function fifo(global: Values, keyword: string): Fifo | undefined {
  const [path, user, group] = wordsOf(global, keyword) ?? [];
  if (path === undefined) return undefined;
  const owner = user && { user: user.text, ...optional('group', group?.text) };
  return { path: path.text, ...optional('owner', owner), ...optional('script', scriptOf(global, `${keyword}_script`)) };
}

function aroundLife(global: Values, when: 'startup' | 'shutdown'): { readonly script: Script; readonly timeoutUs: number } | undefined {
  const script = scriptOf(global, `${when}_script`);
  return script && { script, timeoutUs: (numberOf(global, `${when}_script_timeout`) ?? 10) * SECOND_US };
}

/** A host name, or an address: a word of only digits and dots must be an address. Names are resolved when mail is sent. */
const couldBeHost = (text: string): boolean => (/^[\d.]*$/.test(text) ? parseIpv4(text) !== undefined : true);

function smtpServer(global: Values, report: Report): GlobalSettings['smtpServer'] | undefined {
  const [host, port] = wordsOf(global, 'smtp_server') ?? [];
  if (host === undefined) return undefined;
  const read = port === undefined ? { value: 25 } : readWhole(port.text, { min: 1, max: 65535 });
  if (read.problem !== undefined) reportProblem(report, port?.at ?? host.at, read.problem);
  if (read.value !== undefined && couldBeHost(host.text)) return { host: host.text, port: read.value };
  report('smtp-server-invalid', host.at, { host: host.text, port: port?.text ?? 25 });
  return undefined;
}

function dynamicInterfaces(global: Values, report: Report): Pick<GlobalSettings, 'dynamicInterfaces' | 'allowInterfaceChanges'> {
  const [option] = wordsOf(global, 'dynamic_interfaces') ?? [];
  const changes = option?.text === 'allow_if_changes';
  if (option !== undefined && !changes) report('dynamic-interfaces-option-unknown', option.at, { option: option.text });
  return { dynamicInterfaces: has(global, 'dynamic_interfaces'), allowInterfaceChanges: changes };
}

/** NFT_TABLE_MAXNAMELEN less two, as keepalived counts. */
const TABLE_NAME_LENGTH_MAX = 254;

function tableName(global: Values, report: Report): string {
  const [word] = wordsOf(global, 'nftables') ?? [];
  const wrong = word?.text === '' ? 'empty' : (word?.text.length ?? 0) > TABLE_NAME_LENGTH_MAX ? 'too long' : undefined;
  if (word !== undefined && wrong !== undefined) report('nftables-chain-name', word.at, { wrong });
  return word === undefined || wrong !== undefined ? 'keepalived' : word.text;
}

function nftables(global: Values, report: Report): GlobalSettings['nftables'] {
  if (has(global, 'vrrp_iptables')) {
    for (const { at } of global.of.get('vrrp_iptables') ?? []) report('iptables-unsupported', at);
  }
  return {
    table: tableName(global, report),
    priority: numberOf(global, 'nftables_priority') ?? -1,
    counters: has(global, 'nftables_counters'),
    ifindex: has(global, 'nftables_ifindex'),
  };
}

const smtp = (global: Values, report: Report): Pick<GlobalSettings, 'smtpServer' | 'smtpTimeoutUs'> => {
  const timeout = numberOf(global, 'smtp_connect_timeout') ?? 30;
  const at = global.of.get('smtp_connect_timeout')?.at(-1)?.at;
  if (timeout === 0 && at !== undefined) report('smtp-timeout-zero', at);
  return { ...optional('smtpServer', smtpServer(global, report)), smtpTimeoutUs: Math.max(1, timeout) * SECOND_US };
};

/** An empty list is probably a mistake. */
function emails(global: Values, report: Report): readonly string[] {
  const found = listOf(global, 'notification_email').map((word) => word.text);
  const at = global.of.get('notification_email')?.at(-1)?.at;
  if (found.length === 0 && at !== undefined) report('notification-email-empty', at);
  return found;
}

/** The keywords that the table marks as `accepted`, each with its place. */
function notActedOn(global: Values): readonly string[] {
  const accepted = globalKeywords.filter((keyword) => keyword.acted === 'accepted');
  const place = (name: string, value: Value): string => `${name} (${value.at.file}:${value.at.line})`;
  return accepted.flatMap(({ name }) => (global.of.get(name) ?? []).slice(0, 1).map((value) => place(name, value)));
}

function scripts(
  global: Values,
): Pick<
  GlobalSettings,
  'scriptSecurity' | 'supplementaryGroups' | 'scriptUser' | 'startupScript' | 'shutdownScript' | 'fifoStatesOnReload'
> {
  return {
    scriptSecurity: has(global, 'enable_script_security'),
    fifoStatesOnReload: has(global, 'fifo_write_vrrp_states_on_reload'),
    ...optional('supplementaryGroups', booleanOf(global, 'set_supplementary_groups')),
    ...optional('scriptUser', runAsOf(global, 'script_user')),
    ...optional('startupScript', aroundLife(global, 'startup')),
    ...optional('shutdownScript', aroundLife(global, 'shutdown')),
  };
}

type FileSettings = 'jsonVersion' | 'dumpFiles' | 'dumpsPerInstance' | 'umask' | 'saveDirectory';

function files(global: Values, report: Report): Pick<GlobalSettings, FileSettings> {
  return {
    jsonVersion: numberOf(global, 'json_version') === 2 ? 2 : 1,
    dumpFiles: {
      ...optional('state', textOf(global, 'state_dump_file')),
      ...optional('stats', textOf(global, 'stats_dump_file')),
      ...optional('json', textOf(global, 'json_dump_file')),
    },
    ...optional('dumpsPerInstance', booleanOf(global, 'data_use_instance')),
    ...optional('umask', readUmask(wordsOf(global, 'umask') ?? [], report)),
    ...optional('saveDirectory', textOf(global, 'config_save_dir')?.replace(/(?<=.)\/$/, '')),
  };
}

function reloads(global: Values, report: Report): Pick<GlobalSettings, 'reloadCheckConfig' | 'reloadTime' | 'reloadFile'> {
  const check = wordsOf(global, 'reload_check_config');
  const [time, more] = wordsOf(global, 'reload_time_file') ?? [];
  if (more !== undefined) report('reload-time-file-invalid', more.at);
  const file = wordsOf(global, 'reload_file');
  return {
    ...optional('reloadCheckConfig', check && optional('logFile', check[0]?.text)),
    ...optional('reloadTime', time && more === undefined ? { path: time.text, repeat: has(global, 'reload_repeat') } : undefined),
    ...optional('reloadFile', file && optional('path', file[0]?.text)),
  };
}

function lvs(global: Values, report: Report) {
  return {
    checkerLogAllFailures: booleanOf(global, 'checker_log_all_failures') ?? false,
    sharedChecks: booleanOf(global, 'shared_checks') ?? false,
    lvsFlush: has(global, 'lvs_flush'),
    lvsFlushOnStop: buildFlushOnStop(global, report),
    ...optional('lvsTimeouts', buildTimeouts(global, report)),
    ...optional('lvsSyncDaemon', buildSyncDaemon(global, report)),
    ...optional('lvsSyncStream', buildSyncStream(global, report)),
    ...optional('lvsSyncGrace', numberOf(global, 'lvs_sync_grace')),
    ...optional('lvsSyncWait', numberOf(global, 'lvs_sync_wait')),
    rsInitNotifies: booleanOf(global, 'rs_init_notifies') ?? false,
  };
}

/** The settings of the daemon; `root` is needed for garp_group, which stands outside global_defs. */
export function buildGlobal(root: Values, global: Values, report: Report): GlobalSettings {
  return {
    ...optional('routerId', textOf(global, 'router_id')),
    notificationEmail: emails(global, report),
    ...optional('emailFrom', textOf(global, 'notification_email_from')),
    ...smtp(global, report),
    ...optional('smtpHelo', wordsOf(global, 'smtp_helo_name')?.[0]?.text),
    noEmailFaults: has(global, 'no_email_faults'),
    noCheckerEmails: booleanOf(global, 'no_checker_emails') ?? false,
    defaultInterface: textOf(global, 'default_interface') ?? 'eth0',
    ...scripts(global),
    ...optional('notifyFifo', fifo(global, 'notify_fifo')),
    ...optional('vrrpNotifyFifo', fifo(global, 'vrrp_notify_fifo')),
    ...optional('lvsNotifyFifo', fifo(global, 'lvs_notify_fifo')),
    ...dynamicInterfaces(global, report),
    startupDelayUs: numberOf(global, 'vrrp_startup_delay') ?? 0,
    delayAfterBootUs: numberOf(global, 'vrrp_delay_after_boot') ?? 0,
    logUnknownVrids: has(global, 'log_unknown_vrids'),
    garpIntervalUs: numberOf(global, 'vrrp_garp_interval') ?? 0,
    gnaIntervalUs: numberOf(global, 'vrrp_gna_interval') ?? 0,
    garpGroups: buildGarpGroups(root, report),
    ...optional('nftables', nftables(global, report)),
    vmacPrefix: textOf(global, 'vmac_prefix') ?? 'vrrp',
    vmacAddressPrefix: textOf(global, 'vmac_addr_prefix') ?? 'vrrp',
    ...files(global, report),
    ...reloads(global, report),
    ...optional('receiveBuffers', buildReceiveBuffers(global, report)),
    ...(has(global, 'disable_local_igmp') ? { disableLocalIgmp: true } : {}),
    maxAutoPriority: numberOf(global, 'max_auto_priority') ?? 0,
    minAutoPriorityDelayUs: numberOf(global, 'min_auto_priority_delay') ?? 1_000_000,
    ...lvs(global, report),
    processes: buildProcessSettings(global, report),
    notActedOn: notActedOn(global),
  };
}
