// Scripts against the host: which are not there, which run as root without script security, which others could change.
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { Notify } from '../../model/keepalived/instance.js';
import type { Script } from '../../model/keepalived/script.js';
import { blocksOf, nameOf, placeOf } from './build/values.js';
import type { Origin, Report, Values } from './keyword.js';

/** What stands behind a script's first word. `unfit`: no regular file; `shell`: nothing but a shell understands it. */
export type ScriptState = 'found' | 'insecure' | 'unfit' | 'absent' | 'shell';

export interface ScriptFacts {
  script(script: Script): ScriptState;
  /** Is there such a user? */
  user(name: string): boolean;
}

/** The user scripts run as where nothing else is said. */
const DEFAULT_USER = 'keepalived_script';

/** A script and where it was written, as near as is known. */
interface Placed {
  readonly script: Script;
  readonly at: Origin;
}

type Kind = 'scripts' | 'check scripts' | 'start/shutdown scripts';

function notifyScripts(notify: Notify): readonly Script[] {
  const { master, backup, fault, stop, deleted, masterRxLowerPriority, all } = notify;
  return [master, backup, fault, stop, deleted?.command, masterRxLowerPriority, all].filter((script) => script !== undefined);
}

/** Blocks of one kind by name, the first one where there are two. */
export function blocksByName(root: Values, keyword: string): ReadonlyMap<string, Values> {
  return new Map([...blocksOf(root, keyword)].reverse().map((block) => [nameOf(block), block]));
}

function placed(block: Values | undefined, root: Values, scripts: readonly (Script | undefined)[]): readonly Placed[] {
  const at = block?.at ?? root.at;
  const place = (script: Script): Origin => {
    for (const values of block?.of.values() ?? []) for (const value of values) if (value.value === script) return value.at;
    return at;
  };
  return scripts.filter((script) => script !== undefined).map((script) => ({ script, at: place(script) }));
}

/** Every script but those of vrrp_script, by the process that runs it. */
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
    ...realServers.flatMap(({ notifyUp, notifyDown, checkers }) => [
      notifyUp,
      notifyDown,
      ...checkers.map(({ check }) => (check.kind === 'misc' ? check.script : undefined)),
    ]),
  ]);
  return new Map<Kind, readonly Placed[]>([
    [
      'start/shutdown scripts',
      [...here('startup_script', global.startupScript?.script), ...here('shutdown_script', global.shutdownScript?.script)],
    ],
    [
      'check scripts',
      [...here('lvs_notify_fifo_script', global.lvsNotifyFifo?.script), ...placed(blocksOf(root, 'virtual_server')[0], root, checks)],
    ],
    ['scripts', vrrp],
  ]);
}

/** Script security without a user to run scripts as: the original takes the scripts away. True where that is so. */
function withoutUser({ global }: KeepalivedConfiguration, facts: ScriptFacts): boolean {
  return global.scriptSecurity && global.scriptUser === undefined && !facts.user(DEFAULT_USER);
}

function tellWithoutUser(at: Origin, report: Report, more: readonly string[] = []): void {
  const hint = `there is no user ${DEFAULT_USER}: add it, or say script_user in global_defs`;
  for (const text of [`Unable to set default user ${DEFAULT_USER} for script`, ...more]) report({ severity: 'error', at, text, hint });
}

/** vrrp_script: told one by one. What is left counts for script security. */
function checkTracked(configuration: KeepalivedConfiguration, root: Values, facts: ScriptFacts, report: Report): readonly Placed[] {
  const left: Placed[] = [];
  const blocks = blocksByName(root, 'vrrp_script');
  for (const { name, script } of configuration.scripts) {
    const block = blocks.get(name);
    const at = block === undefined ? root.at : placeOf(block, 'script');
    if (script.runAs === undefined && withoutUser(configuration, facts)) {
      tellWithoutUser(at, report, [`Unable to set default user for vrrp script ${name} - removing`]);
      continue;
    }
    const state = facts.script(script);
    const secured = configuration.global.scriptSecurity;
    if (state === 'absent') {
      const hint = `'${script.argv[0] ?? ''}' is no file here`;
      report({ severity: 'error', at, text: `Disabling track script ${name} since not found/accessible`, hint });
    } else if (state === 'unfit' || (state === 'insecure' && secured)) {
      const hint = state === 'unfit' ? 'it is no regular file' : 'somebody other than root could change it, or a folder on the way to it';
      report({ severity: 'error', at, text: `Disabling track script ${name} due to insecure`, hint });
    }
    if (state !== 'absent') left.push({ script, at });
  }
  return left;
}

export function checkScripts(configuration: KeepalivedConfiguration, root: Values, facts: ScriptFacts, report: Report): void {
  const tracked = checkTracked(configuration, root, facts, report);
  for (const [kind, others] of scriptsOf(configuration, root)) {
    if (configuration.global.scriptSecurity) {
      const first = others.find(({ script }) => script.runAs === undefined);
      if (first !== undefined && withoutUser(configuration, facts)) tellWithoutUser(first.at, report);
      continue;
    }
    const used = (kind === 'scripts' ? [...tracked, ...others] : others).filter(({ script }) => runsAsRoot(script, configuration));
    const states = used.map(({ script }) => facts.script(script));
    const counted = used.filter((_, index) => states[index] !== 'absent' && states[index] !== 'shell');
    if (counted[0] === undefined) continue;
    const insecure = states.includes('insecure') ? ' There are insecure scripts.' : '';
    const text = `SECURITY VIOLATION - ${kind} are being executed but script_security not enabled.${insecure}`;
    report({
      severity: 'security',
      at: counted[0].at,
      text,
      hint: 'enable_script_security in global_defs refuses scripts that others could change',
    });
  }
}

const runsAsRoot = (script: Script, { global }: KeepalivedConfiguration): boolean =>
  (script.runAs ?? global.scriptUser ?? { user: 'root' }).user === 'root';
