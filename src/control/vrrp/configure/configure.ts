// Applies a configuration: the first one, and later ones (reload), which change only what differs.
import { addressId } from '../../../model/identity.js';
import type { KeepalivedConfiguration } from '../../../model/keepalived/configuration.js';
import type { VrrpInstance } from '../../../model/keepalived/instance.js';
import { log } from '../../machine.js';
import { instanceAt, type VrrpContext } from '../context.js';
import { virtualInterfaceName } from '../interfaces/placement.js';
import { virtualInterfaceNamesOf, virtualInterfacesOf } from '../interfaces/virtual-interface-names.js';
import type { Input } from '../messages.js';
import { removeGone } from '../resources/resource-change.js';
import { notifyStates } from '../send/notify.js';
import { NO_COUNTERS } from '../state/counters.js';
import type { InstanceState } from '../state/instance-state.js';
import { type GroupState, packetKey, type TrackerResults, type VrrpMachine } from '../state/vrrp-machine.js';
import { scriptsInUse } from '../track/health.js';
import { interfacesAtReload, updateSources } from '../track/interface-reports.js';
import { noteReleased } from '../track/released-instances.js';
import { carryScript, initialScript } from '../track/script-step.js';
import { keepInstance, removeInstance } from './reload.js';
import { startInstances } from './start.js';

type Configure = Extract<Input, { kind: 'configure' }>;

export function configure(context: VrrpContext, input: Configure): void {
  const first = context.machine.configuration === undefined;
  const before = context.instances.slice();
  const { configuration } = input;
  const former = context.machine.configuration;
  const kept = keptOf(former, before, configuration);
  const staying = new Set(kept);
  for (const index of before.keys()) if (!staying.has(index)) removeInstance(context, index);
  const trackers = carryTrackers(context, input);
  const survivors = context.instances.slice();
  reportRenamed(context, configuration, kept);
  const groups = configuration.syncGroups.map(
    (config): GroupState => ({ config, members: membersOf(configuration.instances, config.members), state: 'init' }),
  );
  context.machine = { ...context.machine, ...lookupTables(input, context), trackers, groups };
  context.groups.splice(0, Number.POSITIVE_INFINITY, ...groups);
  const instances = configuration.instances.map((config, index): InstanceState => {
    const old = kept[index] === undefined ? undefined : survivors[kept[index]];
    const group = groups.findIndex(({ members }) => members.includes(index));
    return old === undefined ? newInstance(config, group) : keptInstance(old, config, group);
  });
  context.instances.splice(0, Number.POSITIVE_INFINITY, ...instances);
  noteReleased(context);
  if (first) delayStart(context);
  updateSources(context);
  const fresh = [...instances.keys()].filter((index) => kept[index] === undefined);
  const olds = kept.flatMap((from, index) => {
    const old = from === undefined ? undefined : survivors[from];
    return old === undefined ? [] : [{ index, old }];
  });
  for (const { index, old } of olds) removeGone(context, index, { config: old.config, configuration: former });
  for (const { index, old } of olds) keepInstance(context, index, old, former);
  startInstances(context, fresh, first);
  if (!first && configuration.global.fifoStatesOnReload) notifyStates(context);
}

/** For each new instance the index of the same one before. If several have one identity, the name decides. */
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

/** `kept`: see `keptOf`. */
function reportRenamed(context: VrrpContext, { instances }: KeepalivedConfiguration, kept: readonly (number | undefined)[]): void {
  const names = new Map<string, string>();
  for (const [index, { name }] of instances.entries()) {
    const former = kept[index] === undefined ? name : instanceAt(context, kept[index]).config.name;
    if (former !== name) names.set(former, name);
  }
  if (names.size > 0) context.effects.push({ kind: 'renamed', names });
}

/** State, timers and counters are kept; what was learned of peers only if the version and the interval stay. */
function keptInstance(old: InstanceState, config: VrrpInstance, group: number): InstanceState {
  const same = old.config.version === config.version;
  const oldChecksum = same ? old.oldChecksum : config.unicast?.oldChecksum === 'always';
  const advertUs = same && old.config.advertUs === config.advertUs ? old.advertUs : config.advertUs;
  return { ...old, config, group, basePriority: config.priority, oldChecksum, advertUs };
}

/** Instances with the same text are the same one after a reload: interface, address family, VRID, multicast group or unicast. */
function identity(configuration: KeepalivedConfiguration | undefined, config: VrrpInstance): string {
  const cast = config.unicast === undefined ? addressId(config.multicastGroup) : 'unicast';
  return JSON.stringify([config.family, config.vrid, config.interface, cast, virtualInterfaceNamesOf(configuration, config).own]);
}

function membersOf(instances: readonly VrrpInstance[], names: readonly string[]): readonly number[] {
  return names.map((name) => instances.findIndex((config) => config.name === name)).filter((index) => index >= 0);
}

function lookupTables(input: Configure, context: VrrpContext): Partial<VrrpMachine> {
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
    ...interfacesAtReload(context.machine, configuration, input.interfaces),
    lostInterfaces: stillLost(input, context),
    indexOfName: new Map(configuration.instances.map(({ name }, index) => [name, index])),
    indexOfPacket,
    wallOffsetUs: input.wallOffsetUs ?? context.machine.wallOffsetUs,
    stopped: false,
  };
}

/** Virtual interfaces that are still configured and still do not work. */
function stillLost({ configuration, interfaces }: Configure, { machine }: VrrpContext): VrrpMachine['lostInterfaces'] {
  if (machine.lostInterfaces.size === 0) return machine.lostInterfaces;
  const wanted = new Set(
    configuration.instances.flatMap((config) => virtualInterfacesOf(configuration, config).map((one) => one.settings.name)),
  );
  const up = new Set(interfaces.filter((facts) => facts.up).map(({ name }) => name));
  return new Map([...machine.lostInterfaces].filter(([name]) => wanted.has(name) && !up.has(name)));
}

/** Results are kept by name: a reload alone must not put an instance into FAULT. */
function carryTrackers(context: VrrpContext, { configuration }: Configure): TrackerResults {
  const old = context.machine.trackers;
  const scripts = new Map<string, NonNullable<ReturnType<typeof initialScript>>>();
  for (const script of scriptsInUse(configuration)) {
    const before = old.scripts.get(script.name);
    const state = before === undefined ? initialScript(script) : carryScript(script, before);
    if (state !== undefined) scripts.set(script.name, state);
    if (before !== undefined)
      log(context, `VRRP_Script(${script.name}) considered ${before.good ? 'successful' : 'unsuccessful'} on reload`);
  }
  const names = (list: readonly { readonly name: string }[]) => new Set(list.map(({ name }) => name));
  return {
    scripts,
    files: only(old.files, names(configuration.files)),
    processes: only(old.processes, names(configuration.processes)),
    bfds: context.machine.configuration === undefined ? initialBfds(configuration) : only(old.bfds, names(configuration.bfds)),
  };
}

/** As in keepalived, all sessions are down at the start. */
function initialBfds({ bfds }: KeepalivedConfiguration): ReadonlyMap<string, boolean> {
  return new Map(bfds.map(({ name }) => [name, false]));
}

function only<T>(map: ReadonlyMap<string, T>, names: ReadonlySet<string>): ReadonlyMap<string, T> {
  return new Map([...map].filter(([name]) => names.has(name)));
}

/** vrrp_startup_delay and vrrp_delay_after_boot: the monotonic clock starts at boot. */
function delayStart(context: VrrpContext): void {
  const { global } = context.machine.configuration ?? {};
  if (global === undefined) return;
  const ignoreUntilUs = Math.max(context.atUs + global.startupDelayUs, global.delayAfterBootUs);
  if (ignoreUntilUs <= context.atUs) return;
  log(context, `Delaying startup for ${(ignoreUntilUs - context.atUs) / 1_000_000} seconds`);
  context.machine = { ...context.machine, ignoreUntilUs };
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
    connectionsWait: undefined,
    release: undefined,
    garp: [],
    refreshAtUs: undefined,
    extraAtUs: undefined,
    lastTransitionUs: undefined,
    lastTransitionWallUs: 0,
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
