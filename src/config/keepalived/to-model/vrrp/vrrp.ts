// Builds everything of VRRP and the daemon from the values of the root: global settings, trackers, instances, groups.
import type { KeepalivedConfiguration } from '../../../../model/keepalived/configuration.js';
import type { SyncGroup, VrrpInstance } from '../../../../model/keepalived/instance.js';
import type { Report } from '../../diagnostics/report.js';
import type { Origin, Values } from '../../keyword.js';
import { blocksOf, NOTHING, nameOf } from '../../values/values.js';
import { buildGlobal } from '../global/global.js';
import { oldSyncDaemon, withSyncPeers } from '../global/lvs-settings.js';
import { buildRoot } from '../global/root.js';
import type { NumberNames } from '../network/number-names.js';
import { numberRules } from '../network/rule.js';
import { optional } from '../optional-property.js';
import { type DefinedWeights, effectiveTracking } from '../tracking/effective-tracking.js';
import type { DefinedTrackers } from '../tracking/tracked.js';
import { buildFiles, buildProcesses, buildScripts } from '../tracking/trackers.js';
import type { ReadKeyFile } from './auth-hmac.js';
import { readInherited } from './inherit.js';
import { buildInstances } from './instances.js';
import { buildGroups } from './sync-groups.js';
import { vrrpDefaults } from './vrrp-defaults.js';

/** The part of a configuration that is built here; virtual servers and BFD are built separately. */
export type VrrpConfiguration = Omit<KeepalivedConfiguration, 'bfds' | 'virtualServerGroups' | 'virtualServers'>;

/** What building needs beside the values. `bfds`: the weights in the BFD sessions' blocks, by name. */
export interface BuildOptions {
  readonly names: NumberNames;
  readonly keyFile: ReadKeyFile | undefined;
  readonly bfds: readonly { readonly name: string; readonly weight: number }[];
  readonly report: Report;
}

type Built = Pick<KeepalivedConfiguration, 'scripts' | 'files' | 'processes'>;

/** Where each usable tracker is defined. */
function definedTrackers(root: Values, { scripts, files, processes }: Built, bfds: BuildOptions['bfds']): DefinedTrackers {
  const places = (keyword: string, usable: readonly { readonly name: string }[]): ReadonlyMap<string, Origin> => {
    const names = new Set(usable.map(({ name }) => name));
    const blocks = blocksOf(root, keyword).filter((block) => names.has(nameOf(block)));
    return new Map(blocks.reverse().map((block) => [nameOf(block), block.at]));
  };
  return {
    scripts: places('vrrp_script', scripts),
    files: places('track_file', files),
    processes: places('vrrp_track_process', processes),
    bfds: places('bfd_instance', bfds),
  };
}

const weights = (trackers: readonly { readonly name: string; readonly weight: number }[]): ReadonlyMap<string, number> =>
  new Map(trackers.map(({ name, weight }) => [name, weight]));

/** A group that notifies changes of priority enables it for its members: the priority of a group never changes. */
function withGroupsNotices(instance: VrrpInstance, group: SyncGroup | undefined): VrrpInstance {
  if (group?.notify.priorityChanges !== true || instance.notify.priorityChanges) return instance;
  return { ...instance, notify: { ...instance.notify, priorityChanges: true } };
}

/** The instances with the effects of their groups; diagnostics get the place of the instance. */
function settleAll(
  root: Values,
  instances: readonly VrrpInstance[],
  groups: readonly SyncGroup[],
  own: DefinedWeights,
  report: Report,
): readonly VrrpInstance[] {
  const places = new Map(blocksOf(root, 'vrrp_instance').map((block) => [nameOf(block), block.at]));
  const groupOf = new Map(groups.flatMap((group) => group.members.map((member) => [member, group] as const)));
  return instances.map((instance) => {
    const group = groupOf.get(instance.name);
    const at = places.get(instance.name) ?? root.at;
    return effectiveTracking(withGroupsNotices(instance, group), group, own, (code, details, severity) =>
      report(code, at, details, severity),
    );
  });
}

/** Scripts that nothing tracks are never run. keepalived reports them when it starts. */
function reportUnused(
  root: Values,
  scripts: readonly { readonly name: string }[],
  trackers: readonly Pick<VrrpInstance, 'track'>[],
  report: Report,
): void {
  const used = new Set(trackers.flatMap(({ track }) => track.scripts.map(({ name }) => name)));
  const unused = scripts.filter(({ name }) => !used.has(name));
  if (unused.length === 0) return;
  const places = new Map(blocksOf(root, 'vrrp_script').map((block) => [nameOf(block), block.at]));
  for (const { name } of unused) report('track-script-unused', places.get(name) ?? root.at, { name });
}

/** The daemon's settings and all of VRRP. */
export function buildVrrp(root: Values, { names, keyFile, bfds, report }: BuildOptions): VrrpConfiguration {
  const globalBlock = blocksOf(root, 'global_defs').at(-1) ?? NOTHING;
  const settings = buildGlobal(root, globalBlock, report);
  const inherited = readInherited(globalBlock, report);
  const numberRule = numberRules();
  const built: Built = { scripts: buildScripts(root, report), files: buildFiles(root, report), processes: buildProcesses(root, report) };
  const rootSettings = buildRoot(root, { report, names, defaultInterface: settings.defaultInterface, numberRule });
  const trackers = definedTrackers(root, built, bfds);
  const alone = buildInstances(root, { inherited, names, keyFile, trackers, numberRule, report });
  const defined = new Set(blocksOf(root, 'vrrp_instance').map(nameOf));
  const working = new Set(alone.map(({ name }) => name));
  const syncGroups = buildGroups(root, { inherited, trackers, defined, working, report });
  const own: DefinedWeights = {
    scripts: weights(built.scripts),
    files: weights(built.files),
    processes: weights(built.processes),
    bfds: weights(bfds),
  };
  const instances = settleAll(root, alone, syncGroups, own, report);
  reportUnused(root, built.scripts, [...instances, ...syncGroups], report);
  const { lvsSyncDaemon: stated, ...others } = settings;
  const daemon = blocksOf(root, 'vrrp_instance').reduce((current, block) => oldSyncDaemon(block, current, report), stated);
  const lvsSyncDaemon = withSyncPeers(daemon, globalBlock, report);
  const global = { ...others, vrrpDefaults: vrrpDefaults(globalBlock, inherited), ...optional('lvsSyncDaemon', lvsSyncDaemon) };
  return { root: rootSettings, global, instances, syncGroups, ...built };
}
