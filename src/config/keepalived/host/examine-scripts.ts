// Compares scripts with the host: which are missing, which run as root without script security, which others could change.
import type { KeepalivedConfiguration } from '../../../model/keepalived/configuration.js';
import type { Notify } from '../../../model/keepalived/instance.js';
import type { RunAs, Script } from '../../../model/keepalived/script.js';
import type { TrackScript } from '../../../model/keepalived/trackers.js';
import type { Report } from '../diagnostics/report.js';
import type { Origin, Values } from '../keyword.js';
import { blocksByName, placeOfName } from '../values/place-of-name.js';
import { blocksOf, placeOf } from '../values/values.js';

/** What the first word of a script names. `unfit`: no regular file; `shell`: only a shell understands it. */
export type ScriptState = 'found' | 'insecure' | 'unfit' | 'absent' | 'shell';

export interface ScriptFacts {
  script(script: Script): ScriptState;
  /** Does the user or the group exist? */
  user(name: string): boolean;
  group(name: string): boolean;
}

/** Scripts run as this user unless the configuration names another. */
const DEFAULT_USER = 'keepalived_script';

/** A script and the place where it was written, as closely as is known. */
interface Placed {
  readonly script: Script;
  readonly at: Origin;
  /** Of a MISC_CHECK. */
  readonly misc?: boolean;
}

type Kind = 'scripts' | 'check scripts' | 'start/shutdown scripts';

function notifyScripts(notify: Notify): readonly Script[] {
  const { master, backup, fault, stop, deleted, masterRxLowerPriority, all } = notify;
  return [master, backup, fault, stop, deleted?.command, masterRxLowerPriority, all].filter((script) => script !== undefined);
}

function placed(block: Values | undefined, root: Values, scripts: readonly (Script | undefined)[]): readonly Placed[] {
  const at = block?.at ?? root.at;
  const place = (script: Script): Origin => {
    for (const values of block?.of.values() ?? []) for (const value of values) if (value.value === script) return value.at;
    return at;
  };
  return scripts.filter((script) => script !== undefined).map((script) => ({ script, at: place(script) }));
}

/** Every script except those of vrrp_script, by the process that runs it. */
function scriptsOf(configuration: KeepalivedConfiguration, root: Values): ReadonlyMap<Kind, readonly Placed[]> {
  const { global, instances, syncGroups, virtualServers } = configuration;
  const globals = blocksOf(root, 'global_defs')[0] ?? root;
  const here = (keyword: string, script: Script | undefined): readonly Placed[] =>
    script === undefined ? [] : [{ script, at: placeOf(globals, keyword) }];
  const [instanceBlocks, groupBlocks] = [blocksByName(root, 'vrrp_instance'), blocksByName(root, 'vrrp_sync_group')];
  const vrrp = [
    ...here('notify_fifo_script', global.notifyFifo?.script),
    ...here('vrrp_notify_fifo_script', global.vrrpNotifyFifo?.script),
    ...instances.flatMap(({ name, notify }) => placed(instanceBlocks.get(name), root, notifyScripts(notify))),
    ...syncGroups.flatMap(({ name, notify }) => placed(groupBlocks.get(name), root, notifyScripts(notify))),
  ];
  const checks = virtualServers.flatMap(({ quorumUp, quorumDown, realServers }) => [
    quorumUp,
    quorumDown,
    ...realServers.flatMap(({ notifyUp, notifyDown }) => [notifyUp, notifyDown]),
  ]);
  const misc = virtualServers
    .flatMap(({ realServers }) => realServers.flatMap(({ checkers }) => checkers))
    .flatMap(({ check }) => (check.kind === 'misc' ? [check.script] : []));
  const service = blocksOf(root, 'virtual_server')[0];
  return new Map<Kind, readonly Placed[]>([
    [
      'start/shutdown scripts',
      [...here('startup_script', global.startupScript?.script), ...here('shutdown_script', global.shutdownScript?.script)],
    ],
    [
      'check scripts',
      [
        ...here('lvs_notify_fifo_script', global.lvsNotifyFifo?.script),
        ...placed(service, root, checks),
        ...placed(service, root, misc).map((each) => ({ ...each, misc: true })),
      ],
    ],
    ['scripts', vrrp],
  ]);
}

/** True with script security and without a user to run scripts as: keepalived then removes the scripts. */
function withoutUser({ global }: KeepalivedConfiguration, facts: ScriptFacts): boolean {
  return global.scriptSecurity && global.scriptUser === undefined && !facts.user(DEFAULT_USER);
}

const reportWithoutUser = (at: Origin, report: Report): void => report('script-default-user-missing', at, { user: DEFAULT_USER });

const known = ({ user, group }: RunAs, facts: ScriptFacts): boolean =>
  facts.user(user) && (group === undefined || group === ':' || facts.group(group.replace(/^:/, '')));

/** Reports instances and groups that track a removed script. */
function reportUntracked(name: string, { instances, syncGroups }: KeepalivedConfiguration, root: Values, report: Report): void {
  for (const [keyword, trackers] of [
    ['vrrp_instance', instances],
    ['vrrp_sync_group', syncGroups],
  ] as const) {
    const blocks = blocksByName(root, keyword);
    for (const { name: tracker, track } of trackers) {
      const block = blocks.get(tracker);
      if (block === undefined || !track.scripts.some((tracked) => tracked.name === name)) continue;
      report('track-script-unknown', placeOfName(block, name), { tracker, name });
    }
  }
}

/** Reports what is wrong with one vrrp_script; true if it still counts for script security. */
function examineOne({ name, script }: TrackScript, at: Origin, security: boolean, facts: ScriptFacts, report: Report): boolean {
  const state = facts.script(script);
  if (state === 'absent') {
    report('track-script-missing', at, { name, path: script.argv[0] ?? '' });
  } else if (state === 'unfit' || (state === 'insecure' && security)) {
    report('track-script-insecure', at, {
      name,
      hint: state === 'unfit' ? 'it is not a regular file' : 'others than root could change it, or a folder of its path',
    });
  }
  return state !== 'absent';
}

/** Examines every vrrp_script, tracked or not. Returns those that count for script security. */
function examineTracked(configuration: KeepalivedConfiguration, root: Values, facts: ScriptFacts, report: Report): readonly Placed[] {
  const left: Placed[] = [];
  const blocks = blocksByName(root, 'vrrp_script');
  for (const tracker of configuration.scripts) {
    const { name, script } = tracker;
    const block = blocks.get(name);
    const at = block === undefined ? root.at : placeOf(block, 'script');
    const userMissing = script.runAs !== undefined && !known(script.runAs, facts);
    if (userMissing) report('script-user-missing', at, { script: script.text });
    else if (script.runAs === undefined && withoutUser(configuration, facts)) {
      reportWithoutUser(at, report);
      report('track-script-default-user-missing', at, { name, user: DEFAULT_USER });
    } else {
      if (examineOne(tracker, at, configuration.global.scriptSecurity, facts, report)) left.push({ script, at });
      continue;
    }
    reportUntracked(name, configuration, root, report);
  }
  return left;
}

/** Reports missing users: of script_user, of start and shutdown scripts, of misc checks. */
function examineUsers({ global, virtualServers }: KeepalivedConfiguration, root: Values, facts: ScriptFacts, report: Report): void {
  const globals = blocksOf(root, 'global_defs')[0] ?? root;
  const isUnknown = (runAs: RunAs | undefined): runAs is RunAs => runAs !== undefined && !known(runAs, facts);
  const details = ({ user, group }: RunAs) => ({ user, group: group === undefined ? '' : ` or no group ${group}` });
  if (isUnknown(global.scriptUser)) report('script-user-unknown', placeOf(globals, 'script_user'), details(global.scriptUser));
  for (const [keyword, code, script] of [
    ['startup_script', 'startup-script-user-unknown', global.startupScript?.script],
    ['shutdown_script', 'shutdown-script-user-unknown', global.shutdownScript?.script],
  ] as const) {
    if (isUnknown(script?.runAs)) report(code, placeOf(globals, keyword), details(script.runAs));
  }
  const at = blocksOf(root, 'virtual_server')[0]?.at ?? root.at;
  for (const { check } of virtualServers.flatMap((server) => server.realServers.flatMap(({ checkers }) => checkers))) {
    if (check.kind !== 'misc' || !isUnknown(check.script.runAs)) continue;
    report('misc-script-user-unknown', at, { ...details(check.script.runAs), script: check.script.text });
  }
}

export function examineScripts(configuration: KeepalivedConfiguration, root: Values, facts: ScriptFacts, report: Report): void {
  examineUsers(configuration, root, facts, report);
  const tracked = examineTracked(configuration, root, facts, report);
  for (const [kind, others] of scriptsOf(configuration, root)) {
    reportAbsent(others, facts, report);
    if (configuration.global.scriptSecurity) {
      if (withoutUser(configuration, facts)) reportRemoved(others, kind, report);
      continue;
    }
    const used = (kind === 'scripts' ? [...tracked, ...others] : others).filter(
      ({ script }) => runsAsRoot(script, configuration) && (script.runAs === undefined || known(script.runAs, facts)),
    );
    const states = used.map(({ script }) => facts.script(script));
    const counted = used.filter((_, index) => states[index] !== 'absent' && states[index] !== 'shell');
    if (counted[0] === undefined) continue;
    const insecure = states.includes('insecure') ? ' There are insecure scripts.' : '';
    report('scripts-without-security', counted[0].at, { kind, insecure });
  }
}

/** keepalived reports missing scripts of other kinds only when it runs them; they may be created until then. */
function reportAbsent(scripts: readonly Placed[], facts: ScriptFacts, report: Report): void {
  for (const { script, at } of scripts) {
    if (facts.script(script) !== 'absent') continue;
    report('script-not-executable', at, { path: script.argv[0] ?? '' });
  }
}

/** Without a default user, keepalived removes scripts that do not name a user. */
function reportRemoved(scripts: readonly Placed[], kind: Kind, report: Report): void {
  for (const { script, at, misc } of scripts.filter((each) => each.script.runAs === undefined)) {
    reportWithoutUser(at, report);
    if (kind === 'start/shutdown scripts') report('startup-script-removed', at, { user: DEFAULT_USER });
    else if (misc) report('misc-script-default-user-missing', at, { user: DEFAULT_USER, script: script.text });
  }
}

const runsAsRoot = (script: Script, { global }: KeepalivedConfiguration): boolean =>
  (script.runAs ?? global.scriptUser ?? { user: 'root' }).user === 'root';
