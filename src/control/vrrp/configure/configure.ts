// A configuration taken over: the first one, and later ones (reload), which leave alone what they do not change.
import { addressId } from '../../../model/identity.js';
import type { KeepalivedConfiguration } from '../../../model/keepalived/configuration.js';
import type { VrrpInstance } from '../../../model/keepalived/instance.js';
import { virtualInterfaceName } from '../interfaces/placement.js';
import { interfaceNamesOf } from '../interfaces/virtual-interface-names.js';
import { virtualInterfacesOf } from '../interfaces/virtual-interfaces.js';
import type { Input } from '../messages.js';
import { dropGone } from '../resources/resource-change.js';
import { tellStates } from '../send/notify.js';
import { type GroupState, type InstanceState, NO_COUNTERS, packetKey, type TrackerResults, type VrrpMachine } from '../state.js';
import { instanceAt, say, type Work } from '../step-context.js';
import { scriptsInUse } from '../track/health.js';
import { linksAtReload, renewSources } from '../track/interfaces.js';
import { carriedScript, unheardScript } from '../track/script-state.js';
import { keepInstance, removeInstance } from './reload.js';
import { startInstances } from './start.js';

type Configure = Extract<Input, { kind: 'configure' }>;

export function configure(work: Work, input: Configure): void {
  const first = work.machine.configuration === undefined;
  const before = work.instances.slice();
  const { configuration } = input;
  const former = work.machine.configuration;
  const kept = keptOf(former, before, configuration);
  const staying = new Set(kept);
  for (const index of before.keys()) if (!staying.has(index)) removeInstance(work, index);
  const trackers = carryTrackers(work, input);
  const survivors = work.instances.slice();
  tellRenamed(work, configuration, kept);
  const groups = configuration.syncGroups.map(
    (config): GroupState => ({ config, members: membersOf(configuration.instances, config.members), state: 'init' }),
  );
  work.machine = { ...work.machine, ...tables(input, work), trackers, groups };
  work.groups.splice(0, Number.POSITIVE_INFINITY, ...groups);
  const instances = configuration.instances.map((config, index): InstanceState => {
    const old = kept[index] === undefined ? undefined : survivors[kept[index]];
    const group = groups.findIndex(({ members }) => members.includes(index));
    return old === undefined ? newInstance(config, group) : keptInstance(old, config, group);
  });
  work.instances.splice(0, Number.POSITIVE_INFINITY, ...instances);
  if (first) delayStart(work);
  renewSources(work);
  const fresh = [...instances.keys()].filter((index) => kept[index] === undefined);
  const olds = kept.flatMap((from, index) => {
    const old = from === undefined ? undefined : survivors[from];
    return old === undefined ? [] : [{ index, old }];
  });
  for (const { index, old } of olds) dropGone(work, index, { config: old.config, configuration: former });
  for (const { index, old } of olds) keepInstance(work, index, old, former);
  startInstances(work, fresh, first);
  if (!first && configuration.global.fifoStatesOnReload) tellStates(work);
}

/** For each instance of a configuration the index of the one that it was before. Of several of one identity each name keeps its own. */
function keptOf(
  former: KeepalivedConfiguration | undefined,
  before: readonly InstanceState[],
  configuration: KeepalivedConfiguration,
): readonly (number | undefined)[] {
  const left = new Map<string, number[]>();
  for (const [index, { config }] of before.entries()) {
    const key = identity(former, config);
    left.set(key, [...(left.get(key) ?? []), index]);
  }
  const take = (config: VrrpInstance, which: (index: number) => boolean): number | undefined => {
    const same = left.get(identity(configuration, config)) ?? [];
    const at = same.findIndex(which);
    return at < 0 ? undefined : same.splice(at, 1)[0];
  };
  const named = configuration.instances.map((config) => take(config, (index) => before[index]?.config.name === config.name));
  return configuration.instances.map((config, at) => named[at] ?? take(config, () => true));
}

/** `kept`: for each instance of the configuration which of those before it is. */
function tellRenamed(work: Work, { instances }: KeepalivedConfiguration, kept: readonly (number | undefined)[]): void {
  const names = new Map<string, string>();
  for (const [index, { name }] of instances.entries()) {
    const former = kept[index] === undefined ? name : instanceAt(work, kept[index]).config.name;
    if (former !== name) names.set(former, name);
  }
  if (names.size > 0) work.effects.push({ kind: 'renamed', names });
}

/** State, timers and counters go on; what was learned of peers only as far as they still speak the same. */
function keptInstance(old: InstanceState, config: VrrpInstance, group: number): InstanceState {
  const same = old.config.version === config.version;
  const oldChecksum = same ? old.oldChecksum : config.unicast?.oldChecksum === 'always';
  const advertUs = same && old.config.advertUs === config.advertUs ? old.advertUs : config.advertUs;
  return { ...old, config, group, basePriority: config.priority, oldChecksum, advertUs };
}

/** What makes an instance the same after a reload: where it speaks and as which router; its name only where several do. */
function identity(configuration: KeepalivedConfiguration | undefined, config: VrrpInstance): string {
  const cast = config.unicast === undefined ? addressId(config.multicastGroup) : 'unicast';
  return JSON.stringify([config.family, config.vrid, config.interface, cast, interfaceNamesOf(configuration, config).own]);
}

function membersOf(instances: readonly VrrpInstance[], names: readonly string[]): readonly number[] {
  return names.map((name) => instances.findIndex((config) => config.name === name)).filter((index) => index >= 0);
}

function tables(input: Configure, work: Work): Partial<VrrpMachine> {
  const { configuration } = input;
  const indexOfPacket = new Map<string, number[]>();
  const put = (name: string, config: VrrpInstance, index: number) => {
    const key = packetKey(name, config.family, config.vrid);
    indexOfPacket.set(key, [...(indexOfPacket.get(key) ?? []), index]);
  };
  for (const [index, config] of configuration.instances.entries()) {
    const virtual = virtualInterfaceName({ configuration }, config);
    put(config.interface ?? '', config, index);
    if (virtual !== undefined) put(virtual, config, index);
  }
  return {
    configuration,
    ...linksAtReload(work.machine, configuration, input.interfaces),
    lostLinks: stillLost(input, work),
    indexOfName: new Map(configuration.instances.map(({ name }, index) => [name, index])),
    indexOfPacket,
    wallOffsetUs: input.wallOffsetUs ?? work.machine.wallOffsetUs,
    stopped: false,
  };
}

/** Macvlans that are still wanted and still do not work. */
function stillLost({ configuration, interfaces }: Configure, { machine }: Work): VrrpMachine['lostLinks'] {
  if (machine.lostLinks.size === 0) return machine.lostLinks;
  const wanted = new Set(
    configuration.instances.flatMap((config) => virtualInterfacesOf(configuration, config).map((one) => one.settings.name)),
  );
  const up = new Set(interfaces.filter((facts) => facts.up).map(({ name }) => name));
  return new Map([...machine.lostLinks].filter(([name]) => wanted.has(name) && !up.has(name)));
}

/** Results outlive a reload under their names: nobody should fall because a file was read again. */
function carryTrackers(work: Work, { configuration }: Configure): TrackerResults {
  const old = work.machine.trackers;
  const scripts = new Map<string, NonNullable<ReturnType<typeof unheardScript>>>();
  for (const script of scriptsInUse(configuration)) {
    const before = old.scripts.get(script.name);
    const state = before === undefined ? unheardScript(script) : carriedScript(script, before);
    if (state !== undefined) scripts.set(script.name, state);
    if (before !== undefined) say(work, `VRRP_Script(${script.name}) considered ${before.good ? 'successful' : 'unsuccessful'} on reload`);
  }
  const names = (list: readonly { readonly name: string }[]) => new Set(list.map(({ name }) => name));
  return {
    scripts,
    files: only(old.files, names(configuration.files)),
    processes: only(old.processes, names(configuration.processes)),
    bfds: work.machine.configuration === undefined ? unheardBfds(configuration) : only(old.bfds, names(configuration.bfds)),
  };
}

/** As with keepalived: at the start all sessions count as down. */
function unheardBfds({ bfds }: KeepalivedConfiguration): ReadonlyMap<string, boolean> {
  return new Map(bfds.map(({ name }) => [name, false]));
}

function only<T>(map: ReadonlyMap<string, T>, names: ReadonlySet<string>): ReadonlyMap<string, T> {
  return new Map([...map].filter(([name]) => names.has(name)));
}

/** vrrp_startup_delay, and vrrp_delay_after_boot: the monotonic clock starts with the machine. */
function delayStart(work: Work): void {
  const { global } = work.machine.configuration ?? {};
  if (global === undefined) return;
  const deafUntilUs = Math.max(work.atUs + global.startupDelayUs, global.delayAfterBootUs);
  if (deafUntilUs <= work.atUs) return;
  say(work, `Delaying startup for ${(deafUntilUs - work.atUs) / 1_000_000} seconds`);
  work.machine = { ...work.machine, deafUntilUs };
}

function newInstance(config: VrrpInstance, group: number): InstanceState {
  return {
    config,
    group,
    state: 'init',
    want: 'init',
    basePriority: config.priority,
    priority: config.priority,
    totalPriority: config.priority,
    faults: [],
    pending: false,
    source: undefined,
    lastSource: undefined,
    advertUs: config.advertUs,
    timerAtUs: undefined,
    addressesSet: false,
    master: undefined,
    preemptAtUs: undefined,
    garp: [],
    refreshAtUs: undefined,
    extraAtUs: undefined,
    lastTransitionUs: undefined,
    packetId: 0,
    sequence: 0,
    sequencesSeen: new Map(),
    hmacSent: undefined,
    hmacSeen: new Map(),
    oldChecksum: config.unicast?.oldChecksum === 'always',
    lowerReplyAtUs: 0,
    counters: NO_COUNTERS,
    budgets: new Map(),
    split: undefined,
  };
}
