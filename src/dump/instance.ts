// One instance in `VRRP Topology` of keepalived.data, line for line. Pure.

import type { InstanceState } from '../control/vrrp/state/instance-state.js';
import type { VrrpMachine } from '../control/vrrp/state/vrrp-machine.js';
import { formatAddress } from '../model/address-text.js';
import type { Authentication, Notify } from '../model/keepalived/instance.js';
import type { Script } from '../model/keepalived/script.js';
import type { Tracked } from '../model/keepalived/trackers.js';
import { addressText, routeText, ruleText, scriptText } from './host-text.js';
import { when, wholeSeconds } from './line-parts.js';
import { type Configured, type DumpHost, deviceOf, ownerText, virtualName, type WithConfiguration, wallSeconds } from './live.js';

const SECOND_US = 1_000_000;

/** `1795175679.876519 (Fri Nov 20 11:54:39.876519 2026)` of a moment of the wall clock. */
function momentText(wallUs: number, host: DumpHost): string {
  const wall = wallSeconds(wallUs);
  const [whole = '0', fraction = '0'] = wall.split('.');
  const text = host.ctime(Number(whole));
  return `${wall} (${text.slice(0, -5)}.${fraction}${text.slice(-5)})`;
}

/** `weight 10 reverse`; the weight of the tracker where the instance gives none. */
export function trackedText({ name, weight, reverse }: Tracked, own: number, comma: boolean): string {
  return `     ${name}${comma ? ',' : ''} weight ${weight ?? own}${reverse === true ? ' reverse' : ''}`;
}

const scriptLine = (title: string, script: Script | undefined, host: DumpHost): readonly string[] =>
  script === undefined ? [] : [`   ${title} state transition script = ${scriptText(script)}, uid:gid ${ownerText(script.runAs, host)}`];

export function notifyLines(notify: Notify, host: DumpHost): readonly string[] {
  return [
    ...scriptLine('Backup', notify.backup, host),
    ...scriptLine('Master', notify.master, host),
    ...scriptLine('Fault', notify.fault, host),
    ...scriptLine('Stop', notify.stop, host),
    ...scriptLine('Deleted', notify.deleted?.command, host),
    ...scriptLine('Generic', notify.all, host),
    ...scriptLine('Master rx lower pri', notify.masterRxLowerPriority, host),
  ];
}

function flags({ config }: InstanceState): readonly string[] {
  const lines = [
    ...when(config.unicast !== undefined, '     Using unicast'),
    ...when(config.unicast?.faultNoPeer === true, '     If unicast go to fault state if no peers'),
  ];
  // A virtual interface is a flag without a line of its own.
  return lines.length === 0 && config.virtualInterface === undefined ? ['   Flags: none'] : ['   Flags:', ...lines];
}

function stateLines(instance: InstanceState, host: DumpHost): readonly string[] {
  const { config, state, want, faults, pending, master, timerAtUs, lastTransitionWallUs, advertUs, priority } = instance;
  const followed = state === 'backup' && master !== undefined;
  const skew = ((256 - priority) * (config.version === 2 ? SECOND_US : advertUs)) / 256;
  return [
    `   State = ${state.toUpperCase()}`,
    ...when(
      followed,
      `   Master router = ${followed ? formatAddress(master.address) : ''}`,
      `   Master priority = ${master?.priority ?? 0}`,
    ),
    ...when(followed && config.version === 3, `   Master advert int = ${(advertUs / SECOND_US).toFixed(2)} sec`),
    ...flags(instance),
    `   Wantstate = ${want.toUpperCase()}`,
    '   Number of config faults = 0',
    `   Number of interface and track script faults = ${faults.length}`,
    `   Number of track scripts init = ${pending ? 1 : 0}`,
    ...faults.map((fault) => `     ${fault}`),
    `   Last transition = ${momentText(lastTransitionWallUs, host)}`,
    `   Read timeout = ${timerAtUs === undefined ? 'DISABLED' : momentText(timerAtUs + host.offsetUs, host)}`,
    `   Master down timer = ${Math.floor(config.downTimerAdverts * advertUs + skew)} usecs`,
  ];
}

function virtualText({ virtualInterface, vmacTransmitBase }: InstanceState['config'], name: string, up: boolean): string {
  if (virtualInterface?.kind !== 'ipvlan') return `VMAC, i/f name ${name}, is_up = ${up}, xmit_base = ${vmacTransmitBase}`;
  const { address, addressLength, mode = 'bridge' } = virtualInterface;
  const own =
    address === undefined ? '' : `, i/f address = ${formatAddress(address)}${addressLength === undefined ? '' : `/${addressLength}`}`;
  return `IPVLAN, i/f ${name}, is_up = ${up}${own}, type ${mode}`;
}

/** Behind `Interface =`: `eth0`; `vrrp.51, vmac on eth0`. */
export function interfaceText({ config }: Configured, machine: WithConfiguration): string {
  const virtual = virtualName({ config }, machine);
  const kind = config.virtualInterface?.kind === 'ipvlan' ? 'ipvlan' : 'vmac';
  const above = virtual === undefined ? '' : `${virtual}, ${kind} on `;
  return `${above}${config.interface ?? '(none)'}${config.vmacTransmitBase ? ', xmit base i/f' : ''}`;
}

function placeLines(instance: InstanceState, machine: VrrpMachine): readonly string[] {
  const { config, source } = instance;
  const virtual = virtualName(instance, machine);
  const index = machine.interfaces.get(virtual ?? config.interface ?? '')?.index ?? 0;
  return [
    ...when(virtual !== undefined, `   Use ${virtualText(config, virtual ?? '', index > 0)}`),
    ...when(config.virtualInterface?.netlinkNotify === true, '     Force netlink update for base interface'),
    `   Interface = ${interfaceText(instance, machine)}`,
    `   Using src_ip = ${source === undefined ? '(none)' : formatAddress(source)}${config.sourceAddress === undefined ? '' : ' (from configuration)'}`,
    ...when(
      config.unicast === undefined,
      `   Multicast address ${formatAddress(config.multicastGroup)}${config.family === 'inet6' ? `, ifindex ${index}` : ''}`,
    ),
    ...when(config.dontTrackPrimary, '   VRRP interface tracking disabled'),
    ...when(config.skipCheckAdvertAddresses, '   Skip checking advert IP addresses'),
    ...when(config.strict, '   Enforcing strict VRRP compliance'),
  ];
}

function timingLines({ config }: InstanceState): readonly string[] {
  const { garp } = config;
  return [
    `   Gratuitous ARP delay = ${wholeSeconds(garp.masterDelayUs)}`,
    `   Gratuitous ARP repeat = ${garp.masterRepeat}`,
    `   Gratuitous ARP refresh = ${wholeSeconds(garp.masterRefreshUs)}`,
    `   Gratuitous ARP refresh repeat = ${garp.masterRefreshRepeat}`,
    `   Gratuitous ARP lower priority delay = ${wholeSeconds(garp.lowerPriorityDelayUs)}`,
    `   Gratuitous ARP lower priority repeat = ${garp.lowerPriorityRepeat}`,
    `   Down timer adverts = ${config.downTimerAdverts}`,
    `   Send advert after receive lower priority advert = ${!config.lowerPriorityNoAdvert}`,
    `   Send advert after receive higher priority advert = ${config.higherPrioritySendAdvert}`,
  ];
}

const intervalText = (version: 2 | 3, us: number): string => (version === 2 ? `${us / SECOND_US} sec` : `${us / 1000} milli-sec`);

function authentication(value: Authentication): readonly string[] {
  switch (value.kind) {
    case 'none':
      return ['   Authentication type = none'];
    case 'pass':
      return ['   Authentication type = SIMPLE_PASSWORD', `   Password = ${value.password}`];
    case 'ah':
      return ['   Authentication type = IPSEC_AH', `   Password = ${value.password}`];
    case 'hmac':
      return [
        '   Authentication extension = HMAC-SHA256-128',
        `     Keys = ${value.keys.length}, active key id = ${value.activeKey}`,
        `     Mode = ${value.mode}`,
        `     Anti replay = ${value.antiReplay === 'time' ? `time, window = ${value.timeWindowUs / SECOND_US} sec` : 'monotonic'}`,
      ];
  }
}

function electionLines({ config, basePriority, priority, totalPriority, advertUs, state }: InstanceState): readonly string[] {
  return [
    `   Virtual Router ID = ${config.vrid}`,
    `   Priority = ${basePriority}`,
    `   Effective priority = ${priority}`,
    `   Total priority = ${totalPriority}`,
    `   Advert interval = ${intervalText(config.version, config.advertUs)}`,
    ...when(config.version === 3 && state === 'backup', `   Master advert interval = ${intervalText(3, advertUs)}`),
    ...(config.fast === undefined ? [] : [`   Fast adverts = every ${config.fast.intervalUs} usecs, ${config.fast.missed} may be missed`]),
    `   Accept = ${config.accept ? 'enabled' : 'disabled'}`,
    `   Preempt = ${config.nopreempt ? 'disabled' : 'enabled'}`,
    ...when(config.preemptDelayUs > 0, `   Preempt delay = ${config.preemptDelayUs / SECOND_US} secs`),
    `   Promote_secondaries = ${config.promoteSecondaries ? 'enabled' : 'disabled'}`,
    ...when(config.version === 2 || config.authentication.kind === 'hmac', ...authentication(config.authentication)),
  ];
}

function unicastLines({ config, oldChecksum }: InstanceState): readonly string[] {
  const { unicast } = config;
  if (unicast === undefined) return [];
  return [
    `   Unicast TTL = ${unicast.ttl}`,
    `   Check unicast src : ${unicast.checkSource ? 'yes' : 'no'}`,
    '   Unicast Peer :',
    ...unicast.peers.map(({ address, minTtl, maxTtl }) => `     ${formatAddress(address)} min_ttl ${minTtl ?? 0} max_ttl ${maxTtl ?? 255}`),
    `   Unicast checksum compatibility = ${oldChecksum ? 'yes' : 'no'}`,
  ];
}

function resourceLines(instance: InstanceState, machine: VrrpMachine): readonly string[] {
  const { config, addressesSet: set } = instance;
  const dropped = set && !config.accept && instance.basePriority !== 255;
  const texts = (values: InstanceState['config']['addresses']): readonly string[] =>
    values.map((address) => `     ${addressText(address, deviceOf(instance, address, machine), { set, dropped })}`);
  return [
    ...when(config.addresses.length > 0, `   Virtual IP (${config.addresses.length}):`, ...texts(config.addresses)),
    ...when(config.excludedAddresses.length > 0, '   Virtual IP Excluded :', ...texts(config.excludedAddresses)),
    ...unicastLines(instance),
    ...when(config.routes.length > 0, '   Virtual Routes :', ...config.routes.map((route) => `     ${routeText(route)}`)),
    ...when(config.rules.length > 0, '   Virtual Rules :', ...config.rules.map((rule) => `     ${ruleText(rule)}`)),
  ];
}

function trackLines({ config }: InstanceState, { configuration }: VrrpMachine): readonly string[] {
  const { interfaces, scripts, files, processes, bfds } = config.track;
  const own = (among: readonly { readonly name: string; readonly weight: number }[] | undefined, name: string): number =>
    among?.find((each) => each.name === name)?.weight ?? 0;
  return [
    ...when(interfaces.length > 0, '   Tracked interfaces :', ...interfaces.map((each) => trackedText(each, 0, false))),
    ...when(
      scripts.length > 0,
      '   Tracked scripts :',
      ...scripts.map((each) => trackedText(each, own(configuration?.scripts, each.name), false)),
    ),
    ...when(files.length > 0, '   Tracked files :', ...files.map((each) => trackedText(each, own(configuration?.files, each.name), true))),
    ...when(
      processes.length > 0,
      '   Tracked processes :',
      ...processes.map((each) => trackedText(each, own(configuration?.processes, each.name), true)),
    ),
    ...when(bfds.length > 0, '   Tracked BFDs :', ...bfds.map((each) => trackedText(each, own(configuration?.bfds, each.name), true))),
  ];
}

export function instanceLines(instance: InstanceState, machine: VrrpMachine, host: DumpHost): readonly string[] {
  const { config, group } = instance;
  const groupName = machine.groups[group]?.config.name;
  const { notify } = config;
  return [
    ` VRRP Instance = ${config.name}`,
    `   VRRP Version = ${config.version}`,
    ...when(config.family === 'inet6', '   Using Native IPv6'),
    ...when(groupName !== undefined, `   Sync group = ${groupName}`),
    ...stateLines(instance, host),
    ...placeLines(instance, machine),
    ...timingLines(instance),
    ...electionLines(instance),
    ...resourceLines(instance, machine),
    ...trackLines(instance, machine),
    `   Using smtp notification = ${notify.smtpAlert ? 'yes' : 'no'}`,
    `   Notify deleted = ${notify.deleted === undefined ? 'Fault' : 'Deleted'}`,
    ...notifyLines(notify, host),
    `   Notify priority changes = ${notify.priorityChanges}`,
  ];
}
