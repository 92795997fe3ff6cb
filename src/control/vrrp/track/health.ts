// An instance's effective priority and its faults, from everything that it tracks (keepalived.conf(5), "track_…").

import { isLinkLocal } from '../../../model/address.js';
import { sameAddress } from '../../../model/identity.js';
import type { KeepalivedConfiguration } from '../../../model/keepalived/configuration.js';
import type { VrrpInstance } from '../../../model/keepalived/instance.js';
import type { Tracked, TrackedSet, TrackProcess, TrackScript } from '../../../model/keepalived/trackers.js';
import { VRRP_OWNER_PRIORITY } from '../../../wire/vrrp.js';
import { requiredInterfaces } from '../interfaces/required-interfaces.js';
import { virtualInterfacesOf } from '../interfaces/virtual-interface-names.js';
import type { InstanceState } from '../state/instance-state.js';
import type { VrrpMachine } from '../state/vrrp-machine.js';

export interface Health {
  /** Sum of weights. */
  readonly weight: number;
  readonly faults: readonly string[];
  /** A tracker that may mean FAULT has not reported yet. */
  readonly pending: boolean;
}

/** What one tracker contributes: a weight, a fault, or that it has not reported yet. */
interface Contribution {
  readonly weight: number;
  readonly fault?: string;
  readonly pending?: boolean;
}

const noContribution: Contribution = { weight: 0 };

type Assess = (tracked: Tracked) => Contribution;

/** keepalived's words for a unicast_src_ip that the host does not have. */
export const UNICAST_SOURCE_FAULT = 'src address not configured';

/** Everything that is tracked by the instance itself or its group, and its own interface and source address. */
export function healthOf(machine: VrrpMachine, instance: InstanceState): Health {
  const { config } = instance;
  const group = machine.groups[instance.group]?.config;
  const contributions: Contribution[] = [...ownContributions(machine, instance)];
  const weightless = config.priority === VRRP_OWNER_PRIORITY || (group !== undefined && !group.trackingWeight);
  contributions.push(...trackedContributions(machine, config.track, weightless));
  if (group !== undefined) contributions.push(...trackedContributions(machine, group.track, config.priority === VRRP_OWNER_PRIORITY));
  return {
    weight: contributions.reduce((sum, { weight }) => sum + weight, 0),
    faults: contributions.flatMap(({ fault }) => fault ?? []),
    pending: contributions.some(({ pending }) => pending === true),
  };
}

/** The scripts that an instance or a group depends on, in the order of the file. Others need not run. */
export function scriptsInUse(configuration: KeepalivedConfiguration): readonly TrackScript[] {
  const used = new Set<string>();
  const weightOf = (tracked: Tracked) => tracked.weight ?? configuration.scripts.find(({ name }) => name === tracked.name)?.weight ?? 0;
  const use = (set: TrackedSet, weightless: boolean) => {
    for (const tracked of set.scripts) if (!weightless || weightOf(tracked) === 0) used.add(tracked.name);
  };
  for (const config of configuration.instances) {
    const group = configuration.syncGroups.find(({ members }) => members.includes(config.name));
    use(config.track, config.priority === VRRP_OWNER_PRIORITY || (group !== undefined && !group.trackingWeight));
  }
  for (const { track } of configuration.syncGroups) use(track, false);
  return configuration.scripts.filter(({ name }) => used.has(name));
}

/** The configured priority and the weights, limited to 1..254; 255 stays. */
export function effectivePriority(base: number, weight: number): number {
  return base === VRRP_OWNER_PRIORITY ? base : Math.min(254, Math.max(1, base + weight));
}

function ownContributions(machine: VrrpMachine, instance: InstanceState): readonly Contribution[] {
  const { config } = instance;
  const contributions: Contribution[] = [];
  const facts = config.interface === undefined ? undefined : machine.interfaces.get(config.interface);
  if (config.interface !== undefined && !config.dontTrackPrimary && facts?.up !== true) {
    contributions.push({ weight: 0, fault: `interface ${config.interface} ${facts === undefined ? 'does not exist' : 'down'}` });
  }
  for (const name of requiredInterfaces(machine.configuration, config)) {
    const other = machine.interfaces.get(name);
    if (other?.up !== true)
      contributions.push({ weight: 0, fault: `interface ${name} ${other === undefined ? 'does not exist' : 'down'}` });
  }
  contributions.push(...virtualContributions(machine, config), ...staticContributions(machine, config));
  if (instance.source === undefined) {
    contributions.push({ weight: 0, fault: `no IPv${config.family === 'inet' ? '4' : '6'} address for interface` });
  } else if (config.trackSourceAddress && !hasAddress(machine, config)) {
    contributions.push({ weight: 0, fault: 'tracked source address is missing' });
  } else if (!hasUnicastSource(machine, config)) {
    contributions.push({ weight: 0, fault: UNICAST_SOURCE_FAULT });
  }
  if (config.unicast?.faultNoPeer === true && config.unicast.peers.length === 0)
    contributions.push({ weight: 0, fault: 'no unicast peer' });
  return contributions;
}

/** Its virtual interfaces. With dont_track_primary they may be down, as their base interface may. */
function virtualContributions({ configuration, lostInterfaces }: VrrpMachine, config: VrrpInstance): readonly Contribution[] {
  if (lostInterfaces.size === 0) return [];
  return virtualInterfacesOf(configuration, config).flatMap(({ settings: { name } }) => {
    const how = lostInterfaces.get(name)?.how;
    if (how === undefined || (how === 'down' && config.dontTrackPrimary)) return [];
    return [{ weight: 0, fault: `interface ${name} ${how === 'gone' ? 'does not exist' : 'down'}` }];
  });
}

/** Static objects of its track groups that could not be restored. */
function staticContributions({ configuration, lostStatics }: VrrpMachine, config: VrrpInstance): readonly Contribution[] {
  if (lostStatics.length === 0) return [];
  const groups = configuration?.root.trackGroups.filter(({ instances }) => instances.includes(config.name)) ?? [];
  const mine = lostStatics.filter(({ group }) => groups.some(({ name }) => name === group));
  return mine.map(({ text }) => ({ weight: 0, fault: `static ${text} is missing` }));
}

function hasAddress(machine: VrrpMachine, config: VrrpInstance): boolean {
  const wanted = config.sourceAddress;
  if (wanted === undefined) return true;
  const held = config.interface === undefined ? [...machine.interfaces.values()] : [machine.interfaces.get(config.interface)];
  return held.some((facts) => facts?.addresses.some((one) => sameAddress(one, wanted)) === true);
}

/**
 * Whether the host has unicast_src_ip, on any interface: without it no peer's advert arrives, and the instance would become a second master.
 * One that VRRP itself moves is not waited for.
 */
function hasUnicastSource(machine: VrrpMachine, config: VrrpInstance): boolean {
  const { unicast, sourceAddress: wanted } = config;
  if (unicast === undefined || wanted === undefined) return true;
  const virtual = (machine.configuration?.instances ?? []).some(({ addresses, excludedAddresses }) =>
    [...addresses, ...excludedAddresses].some(({ address }) => sameAddress(address, wanted)),
  );
  // A link-local address is one interface's.
  const everywhere = config.interface === undefined || !isLinkLocal(wanted);
  const places = everywhere ? [...machine.interfaces.values()] : [machine.interfaces.get(config.interface ?? '')];
  return virtual || places.some((facts) => facts?.addresses.some((one) => sameAddress(one, wanted)) === true);
}

/** `weightless`: trackers with a weight are ignored, as keepalived does for owners and for members of sync groups. */
function trackedContributions(machine: VrrpMachine, set: TrackedSet, weightless: boolean): readonly Contribution[] {
  const kinds: readonly (readonly [readonly Tracked[], Assess])[] = [
    [set.interfaces, (one) => assessInterface(machine, one)],
    [set.scripts, (one) => assessScript(machine, one)],
    [set.files, (one) => assessFile(machine, one)],
    [set.processes, (one) => assessProcess(machine, one)],
    [set.bfds, (one) => assessBfd(machine, one)],
  ];
  return kinds.flatMap(([trackeds, assess]) => trackeds.map((tracked) => limited(assess(tracked), weightless)));
}

function limited(contribution: Contribution, weightless: boolean): Contribution {
  return weightless ? { ...contribution, weight: 0 } : contribution;
}

/** Up or down with a weight: a positive one counts while up, a negative one while down; none: down means FAULT. */
function assessUp(what: string, up: boolean | undefined, weight: number, reverse: boolean): Contribution {
  if (up === undefined) return weight === 0 ? { weight: 0, pending: true } : noContribution;
  if (weight === 0) return up === reverse ? { weight: 0, fault: what } : noContribution;
  const signed = reverse ? -weight : weight;
  return { weight: weight > 0 === up ? signed : 0 };
}

function assessInterface(machine: VrrpMachine, tracked: Tracked): Contribution {
  const up = machine.interfaces.get(tracked.name)?.up ?? false;
  return assessUp(`tracked interface ${tracked.name}`, up, tracked.weight ?? 0, tracked.reverse ?? false);
}

function assessScript(machine: VrrpMachine, tracked: Tracked): Contribution {
  const script = machine.configuration?.scripts.find(({ name }) => name === tracked.name);
  if (script === undefined) return noContribution;
  const good = machine.trackers.scripts.get(tracked.name)?.good;
  return assessUp(`script ${tracked.name}`, good, tracked.weight ?? script.weight, tracked.reverse ?? script.reverse);
}

function assessFile(machine: VrrpMachine, tracked: Tracked): Contribution {
  const file = machine.configuration?.files.find(({ name }) => name === tracked.name);
  if (file === undefined) return noContribution;
  const value = machine.trackers.files.get(tracked.name) ?? 0;
  const weight = (tracked.weight ?? file.weight) * ((tracked.reverse ?? file.reverse) ? -1 : 1);
  const fault = fileFault(tracked.name);
  if (weight === 0) return value === 0 ? noContribution : { weight: 0, fault };
  const product = value * weight;
  return product <= -254 ? { weight: 0, fault } : { weight: Math.min(253, product) };
}

/** The fault of a tracked file; its begin and end are logged under the file's name. */
export function fileFault(name: string): string {
  return `tracked file ${name}`;
}

function assessProcess(machine: VrrpMachine, tracked: Tracked): Contribution {
  const configured = machine.configuration?.processes.find(({ name }) => name === tracked.name);
  if (configured === undefined) return noContribution;
  const running = machine.trackers.processes.get(tracked.name);
  const met = running === undefined ? undefined : hasQuorum(configured, running);
  return assessUp(`process ${tracked.name}`, met, tracked.weight ?? configured.weight, tracked.reverse ?? configured.reverse);
}

/** Whether the number of running processes is within its limits. */
export function hasQuorum({ quorum, quorumMax }: TrackProcess, running: number): boolean {
  return running >= quorum && running <= (quorumMax ?? Number.POSITIVE_INFINITY);
}

function assessBfd(machine: VrrpMachine, tracked: Tracked): Contribution {
  const bfd = machine.configuration?.bfds.find(({ name }) => name === tracked.name);
  if (bfd === undefined) return noContribution;
  return assessUp(
    `BFD ${tracked.name}`,
    machine.trackers.bfds.get(tracked.name),
    tracked.weight ?? bfd.weight,
    tracked.reverse ?? bfd.reverse,
  );
}
