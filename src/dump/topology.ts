// keepalived.data after its global part: static objects, instances, sockets, groups, trackers, interfaces. Pure.
import type { VrrpMachine } from '../control/vrrp/state/vrrp-machine.js';
import { formatAddress } from '../model/address-text.js';
import { IpProtocol } from '../model/ip-protocol.js';
import type { KeepalivedConfiguration } from '../model/keepalived/configuration.js';
import type { TrackedSet, TrackProcess, TrackScript } from '../model/keepalived/trackers.js';
import { addressText, routeText, ruleText, scriptText } from './host-text.js';
import { instanceLines, notifyLines, trackedText } from './instance.js';
import { type DumpHost, ownerText, type SocketDescription } from './live.js';

const section = (title: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : [`------< ${title} >------`, ...lines];
const us = (value: number): string => `${(value / 1e6).toFixed(6)}s`;

/** Track groups with at least one member that exists; the others have no effect. */
function trackGroupLines(root: KeepalivedConfiguration['root'], instances: KeepalivedConfiguration['instances']): readonly string[] {
  return root.trackGroups.flatMap((group) => {
    const members = group.instances.filter((name) => instances.some((instance) => instance.name === name));
    if (members.length === 0) return [];
    return [` Static Track Group = ${group.name}`, '   VRRP member instances :', ...members.map((name) => `     ${name}`)];
  });
}

function staticLines({ root, instances }: KeepalivedConfiguration): readonly string[] {
  return [
    ...section(
      'Static Addresses',
      root.staticAddresses.map((each) => `     ${addressText(each, each.dev, { set: true })}`),
    ),
    ...section(
      'Static Routes',
      root.staticRoutes.map((each) => `     ${routeText(each)}`),
    ),
    ...section(
      'Static Rules',
      root.staticRules.map((each) => `     ${ruleText(each)}`),
    ),
    ...section('Static Track groups', trackGroupLines(root, instances)),
  ];
}

/** The instances and groups that track one object, with its weight for them. */
function trackers(machine: VrrpMachine, kind: keyof TrackedSet, name: string, own: number): readonly string[] {
  const lines = [...machine.instances, ...machine.groups].flatMap(({ config }) =>
    config.track[kind].filter((each) => each.name === name).map((each) => trackedText({ ...each, name: config.name }, own, true)),
  );
  return lines.length === 0 ? [] : ['   Tracking instances :', ...lines];
}

function groupLines({ groups, instances }: VrrpMachine, host: DumpHost): readonly string[] {
  return groups.flatMap(({ config, members, state }) => {
    const own = members.flatMap((index) => instances[index] ?? []);
    return [
      ` VRRP Sync Group = ${config.name}, ${state.toUpperCase()}`,
      `   Num member fault ${own.filter((member) => member.state === 'fault').length}, num member init ${own.filter((member) => member.state === 'init').length}`,
      '   VRRP member instances :',
      ...own.map((member) => `     ${member.config.name}`),
      ...(config.trackingWeight ? ['   sync group tracking weight set'] : []),
      `   Using smtp notification = ${config.notify.smtpAlert ? 'yes' : 'no'}`,
      ...notifyLines(config.notify, host),
    ];
  });
}

const RUN_STATES = { idle: 'idle', running: 'running', ending: 'requested termination' } as const;

function scriptLines(script: TrackScript, machine: VrrpMachine, host: DumpHost): readonly string[] {
  const now = machine.trackers.scripts.get(script.name);
  return [
    ` VRRP Script = ${script.name}`,
    `   Command = ${scriptText(script.script)}`,
    `   Interval = ${script.intervalUs / 1e6} sec`,
    `   Timeout = ${(script.timeoutUs ?? 0) / 1e6} sec`,
    `   Weight = ${script.weight}${script.reverse ? ' reverse' : ''}`,
    `   Rise = ${script.rise}`,
    `   Fall = ${script.fall}`,
    `   Result = ${now?.level ?? 0}`,
    '   Insecure = no',
    `   Init state = ${now === undefined || now.fresh ? 'INIT' : 'unknown'}`,
    `   Status = ${now?.good === true ? 'GOOD' : 'BAD'}`,
    `   Script uid:gid = ${ownerText(script.script.runAs, host)}`,
    '   VRRP instances :',
    ...trackers(machine, 'scripts', script.name, script.weight),
    `   State = ${RUN_STATES[host.runningScripts?.get(script.name) ?? 'idle']}`,
  ];
}

function processLines(tracked: TrackProcess, machine: VrrpMachine): readonly string[] {
  const running = machine.trackers.processes.get(tracked.name) ?? 0;
  const enough = running >= tracked.quorum && running <= (tracked.quorumMax ?? Number.POSITIVE_INFINITY);
  return [
    ` VRRP Track process = ${tracked.name}`,
    `   Process = ${tracked.argv.join(' ')}`,
    ...(tracked.parameterMatch === 'none' ? [] : [`   Param match = ${tracked.parameterMatch}`]),
    `   Min processes = ${tracked.quorum}`,
    ...(tracked.quorumMax === undefined ? [] : [`   Max processes = ${tracked.quorumMax}`]),
    `   Current processes = ${running}`,
    `   Have quorum = ${enough}`,
    `   Weight = ${tracked.weight}${tracked.reverse ? ' reverse' : ''}`,
    `   Terminate delay = ${us(tracked.terminateDelayUs)}`,
    `   Fork delay = ${us(tracked.forkDelayUs)}`,
    `   Full command = ${tracked.fullCommand}`,
    ...trackers(machine, 'processes', tracked.name, tracked.weight),
  ];
}

function fileLines({ configuration, trackers: results, ...machine }: VrrpMachine): readonly string[] {
  return (configuration?.files ?? []).flatMap((file) => [
    ` Track file = ${file.name}`,
    `   File = ${file.path}`,
    `   Status = ${results.files.get(file.name) ?? 0}`,
    `   Weight = ${file.weight}${file.reverse ? ' reverse' : ''}`,
    ...trackers({ configuration, trackers: results, ...machine }, 'files', file.name, file.weight),
  ]);
}

function bfdLines(machine: VrrpMachine): readonly string[] {
  return (machine.configuration?.bfds ?? []).flatMap((bfd) => [
    ` VRRP Track BFD = ${bfd.name}`,
    `   Weight = ${bfd.weight}${bfd.reverse ? ' reverse' : ''}`,
    `   Bfd is ${machine.trackers.bfds.get(bfd.name) === true ? 'up' : 'down'}`,
    ...trackers(machine, 'bfds', bfd.name, bfd.weight),
  ]);
}

function interfaceLines(machine: VrrpMachine): readonly string[] {
  return [...machine.interfaces.values()].flatMap(({ name, index, up, mtu, mac, addresses }) => {
    const first = (family: 'inet' | 'inet6'): string => {
      const found = addresses.find((address) => address.family === family);
      return found === undefined ? '(none)' : formatAddress(found);
    };
    const users = machine.instances.filter(
      ({ config }) => (config.interface === name && !config.dontTrackPrimary) || config.track.interfaces.some((each) => each.name === name),
    );
    const loopback = name === 'lo' ? ', no broadcast, loopback, no multicast' : '';
    return [
      ` Name = ${name}`,
      `   index = ${index}`,
      `   IPv4 address = ${first('inet')}`,
      `   IPv6 address = ${first('inet6')}`,
      ...(mac === undefined ? [] : [`   MAC = ${mac}`]),
      `   State = ${up ? 'UP, RUNNING' : 'DOWN'}${loopback}`,
      `   MTU = ${mtu}`,
      `   HW Type = ${mac === undefined ? (name === 'lo' ? 'LOOPBACK' : 'UNKNOWN') : 'ETHERNET'}`,
      ...(users.length === 0 ? [] : ['   Tracking VRRP instances :', ...users.map(({ config }) => `     ${config.name}, weight 0`)]),
    ];
  });
}

function socketLines(sockets: readonly SocketDescription[]): readonly string[] {
  return sockets.flatMap((socket) => [
    `   Interface = ${socket.interface}`,
    `   Family = ${socket.family === 'inet' ? 'IPv4' : 'IPv6'}`,
    `   Protocol = ${socket.protocol === IpProtocol.vrrp ? 'VRRP' : 'AH'}`,
    `   Type = ${socket.unicast ? 'Unicast' : 'Multicast'}`,
    ...(socket.address === undefined ? [] : [`   Address = ${socket.address}`]),
    '   VRRP instances',
    ...socket.instances.map(({ name, vrid }) => `     ${name} vrid ${vrid}`),
  ]);
}

export function topologyLines(machine: VrrpMachine, host: DumpHost, sockets: readonly SocketDescription[]): readonly string[] {
  const { configuration } = machine;
  if (configuration === undefined) return [];
  return [
    ...staticLines(configuration),
    ...section(
      'VRRP Topology',
      machine.instances.flatMap((instance) => instanceLines(instance, machine, host)),
    ),
    ...section('VRRP Sockpool', socketLines(sockets)),
    ...section('VRRP Sync groups', groupLines(machine, host)),
    ...section(
      'VRRP Scripts',
      configuration.scripts.flatMap((script) => scriptLines(script, machine, host)),
    ),
    ...section('VRRP Track files', fileLines(machine)),
    ...section(
      'VRRP Track processes',
      configuration.processes.flatMap((tracked) => processLines(tracked, machine)),
    ),
    ...section('VRRP Track BFDs', bfdLines(machine)),
    ...section('Interfaces', interfaceLines(machine)),
  ];
}
