// `Global definitions` of keepalived.data and keepalived_parent.data, line for line as keepalived writes them. Pure.

import { formatAddress } from '../model/address-text.js';
import type { BufferSize, GlobalSettings, ProcessSettings, VrrpDefaults } from '../model/keepalived/global.js';
import type { Fifo } from '../model/keepalived/script.js';
import { when, wholeSeconds } from './line-parts.js';

const SECOND_US = 1_000_000;

const unset = (value: boolean | undefined): string => (value === undefined ? 'unset' : value ? 'on' : 'off');

function mail(global: GlobalSettings, hostName: string): readonly string[] {
  const { smtpServer, emailFrom, notificationEmail } = global;
  return [
    ...(smtpServer === undefined
      ? []
      : [
          `Smtp server = ${smtpServer.host}`,
          `Smtp server port = ${smtpServer.port}`,
          `Smtp HELO name = ${global.smtpHelo ?? hostName}`,
          `Smtp server connection timeout = ${wholeSeconds(global.smtpTimeoutUs)}`,
        ]),
    ...(emailFrom === undefined ? [] : [`Email notification from = ${emailFrom}`]),
    ...when(notificationEmail.length > 0, 'Email notification to:', ...notificationEmail.map((to) => `  ${to}`)),
  ];
}

function fifo(title: string, value: Fifo | undefined): readonly string[] {
  if (value === undefined) return [];
  const owner = value.owner === undefined ? '0:0' : [value.owner.user, value.owner.group].filter(Boolean).join(':');
  return [`${title} notify fifo = ${value.path}, uid:gid ${owner}`];
}

function defaults(values: VrrpDefaults): readonly string[] {
  const { garp } = values;
  return [
    `VRRP notify priority changes = ${values.notifyPriorityChanges}`,
    `VRRP IPv4 mcast group = ${formatAddress(values.multicastGroup4)}`,
    `VRRP IPv6 mcast group = ${formatAddress(values.multicastGroup6)}`,
    `Gratuitous ARP delay = ${wholeSeconds(garp.masterDelayUs)}`,
    `Gratuitous ARP repeat = ${garp.masterRepeat}`,
    `Gratuitous ARP refresh timer = ${wholeSeconds(garp.masterRefreshUs)}`,
    `Gratuitous ARP refresh repeat = ${garp.masterRefreshRepeat}`,
    `Gratuitous ARP lower priority delay = ${wholeSeconds(garp.lowerPriorityDelayUs)}`,
    `Gratuitous ARP lower priority repeat = ${garp.lowerPriorityRepeat}`,
    `Num adverts before down = ${values.downTimerAdverts}`,
    `Gratuitous ARP for each secondary VMAC = ${wholeSeconds(garp.extraInterfaceUs)}s`,
    `Send advert after receive lower priority advert = ${!values.lowerPriorityNoAdvert}`,
    `Send advert after receive higher priority advert = ${values.higherPrioritySendAdvert}`,
  ];
}

function nftables({ nftables: nft }: GlobalSettings): readonly string[] {
  if (nft === undefined) return ['nftables without counters'];
  return [
    `nftables table name = ${nft.table}`,
    `nftables base chain priority = ${nft.priority}`,
    `nftables ${nft.ifindex ? 'force use' : "don't force use"} ifindex for link local IPv6`,
    `nftables ${nft.counters ? 'with' : 'without'} counters`,
  ];
}

function processLines(title: string, settings: ProcessSettings): readonly string[] {
  return [
    `${title} process priority = ${settings.priority ?? 0}`,
    `${title} don't swap = ${settings.noSwap}`,
    `${title} realtime priority = ${settings.rtPriority ?? 0}`,
    `${title} realtime limit = ${settings.rlimitRttimeUs ?? 10_000}`,
  ];
}

function checking(values: VrrpDefaults | undefined): readonly string[] {
  if (values === undefined) return [];
  return [
    `VRRP check unicast_src = ${values.checkUnicastSource}`,
    `VRRP skip check advert addresses = ${values.skipCheckAdvertAddresses}`,
    `VRRP strict mode = ${values.strict}`,
  ];
}

function reloads({ reloadCheckConfig: check }: GlobalSettings): string {
  if (check === undefined) return 'No test config before reload';
  return check.logFile === undefined ? 'Test config before reload' : `Test config before reload, log to ${check.logFile}`;
}

/** Settings of reloads. */
function reloadLines(global: GlobalSettings): readonly string[] {
  const { reloadTime, reloadFile, dumpsPerInstance } = global;
  return [
    reloads(global),
    ...(reloadTime === undefined ? [] : [`Reload time file = ${reloadTime.path}${reloadTime.repeat ? ' (repeat)' : ''}`]),
    ...(reloadFile === undefined ? [] : [`Reload_file = ${reloadFile.path ?? '(in the folder of pid files)'}`]),
    ...when(dumpsPerInstance === true, 'Use instance name in data dumps'),
  ];
}

function buffers({ receiveBuffers: { command, monitor, processes } = {} }: GlobalSettings): readonly string[] {
  const size = (name: string, value: BufferSize | undefined): readonly string[] => [
    `${name} = ${value?.bytes ?? 0}`,
    `${name}_force = ${value?.force === true ? 1 : 0}`,
  ];
  return [
    ...size('vrrp_netlink_cmd_rcv_bufs', command),
    ...size('vrrp_netlink_monitor_rcv_bufs', monitor),
    ...size('process_monitor_rcv_bufs', processes),
  ];
}

function advertBuffers({ receiveBuffers: { adverts } = {} }: GlobalSettings): readonly string[] {
  if (adverts?.kind === 'bytes') return [`rx_bufs_size = ${adverts.amount}`, 'rx_bufs_multiples = 3'];
  const policy = adverts === undefined ? [] : [`rx_bufs_policy = ${adverts.kind.toUpperCase()}`];
  return [...policy, `rx_bufs_multiples = ${adverts?.amount ?? 3}`];
}

export interface GlobalView {
  readonly global: GlobalSettings;
  readonly netNamespace?: string;
  readonly ipvsNamespace?: string;
  readonly hostName: string;
  readonly umask: number;
}

/** The section without its heading; each line begins with a blank, as in the file. */
export function globalLines({ global, netNamespace, ipvsNamespace, hostName, umask }: GlobalView): readonly string[] {
  const { vrrpDefaults: values, lvsTimeouts, scriptUser } = global;
  const lines = [
    ...(global.saveDirectory === undefined ? [] : [`Config save dir = ${global.saveDirectory}`]),
    `Network namespace = ${netNamespace ?? '(default)'}`,
    `Network namespace ipvs = ${ipvsNamespace ?? '(main namespace)'}`,
    `Router ID = ${global.routerId ?? hostName}`,
    ...mail(global, hostName),
    `Default smtp_alert = ${unset(values?.smtpAlert)}`,
    `Default smtp_alert_vrrp = ${unset(values?.smtpAlertVrrp)}`,
    `Default smtp_alert_checker = ${unset(values?.smtpAlertChecker)}`,
    `Checkers log all failures = ${global.checkerLogAllFailures}`,
    ...(global.sharedChecks ? ['Shared checks = true'] : []),
    ...reloadLines(global),
    `Dynamic interfaces = ${global.dynamicInterfaces}`,
    ...when(global.dynamicInterfaces, `Allow interface changes = ${global.allowInterfaceChanges}`),
    `Default interface = ${global.defaultInterface}`,
    `Disable local IGMP = ${global.disableLocalIgmp === true ? 'yes' : 'no'}`,
    ...(lvsTimeouts === undefined ? [] : [`LVS timeouts: TCP ${lvsTimeouts.tcp}, TCP FIN ${lvsTimeouts.tcpFin}, UDP ${lvsTimeouts.udp}`]),
    `LVS flush = ${global.lvsFlush}`,
    `LVS flush on stop = ${global.lvsFlushOnStop === 'no' ? 'disabled' : global.lvsFlushOnStop === 'all' ? 'full' : 'VS'}`,
    ...fifo('Global', global.notifyFifo),
    ...fifo('VRRP', global.vrrpNotifyFifo),
    ...fifo('LVS', global.lvsNotifyFifo),
    `FIFO write vrrp states on reload = ${global.fifoStatesOnReload}`,
    ...(values === undefined ? [] : defaults(values)),
    `Gratuitous ARP interval = ${(global.garpIntervalUs / SECOND_US).toFixed(6)}`,
    `Gratuitous NA interval = ${(global.gnaIntervalUs / SECOND_US).toFixed(6)}`,
    ...(values === undefined ? [] : [`VRRP default protocol version = ${values.version}`]),
    ...nftables(global),
    ...checking(values),
    `Max auto priority = ${global.maxAutoPriority}`,
    `Min auto priority delay = ${global.minAutoPriorityDelayUs} usecs`,
    ...processLines('VRRP', global.processes.vrrp),
    ...processLines('Checker', global.processes.checker),
    ...processLines('BFD', global.processes.bfd),
    `Script security ${global.scriptSecurity ? 'enabled' : 'disabled'}`,
    `Default script user = ${scriptUser?.user ?? 'root'}`,
    ...buffers(global),
    `rs_init_notifies = ${global.rsInitNotifies ? 1 : 0}`,
    ...advertBuffers(global),
    `umask = ${umask.toString(8).padStart(4, '0')}`,
  ];
  return ['------< Global definitions >------', ...lines.map((line) => ` ${line}`)];
}
