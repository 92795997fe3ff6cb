// Every command that a configuration may run, with the block that names it.
import type { KeepalivedConfiguration } from '../../../../model/keepalived/configuration.js';
import type { Notify } from '../../../../model/keepalived/instance.js';
import type { Script } from '../../../../model/keepalived/script.js';

export interface UsedScript {
  readonly script: Script;
  /** `vrrp_script`, `vrrp_instance`, …; the block's name; the keyword in it. */
  readonly block: string;
  readonly name: string;
  readonly keyword: string;
}

function notifyScripts(notify: Notify, block: string, name: string): readonly UsedScript[] {
  const { master, backup, fault, stop, deleted, masterRxLowerPriority, all } = notify;
  const entries: readonly (readonly [string, Script | undefined])[] = [
    ['notify_master', master],
    ['notify_backup', backup],
    ['notify_fault', fault],
    ['notify_stop', stop],
    ['notify_deleted', deleted?.command],
    ['notify_master_rx_lower_pri', masterRxLowerPriority],
    ['notify', all],
  ];
  return entries.flatMap(([keyword, script]) => (script === undefined ? [] : [{ script, block, name, keyword }]));
}

export function usedScripts(configuration: KeepalivedConfiguration): readonly UsedScript[] {
  const { instances, syncGroups, virtualServers } = configuration;
  return [
    ...configuration.scripts.map(({ script, name }) => ({ script, block: 'vrrp_script', name, keyword: 'script' })),
    ...instances.flatMap(({ notify, name }) => notifyScripts(notify, 'vrrp_instance', name)),
    ...syncGroups.flatMap(({ notify, name }) => notifyScripts(notify, 'vrrp_sync_group', name)),
    ...virtualServers.flatMap(({ name, quorumUp, quorumDown, realServers }) => {
      const checks = realServers.flatMap(({ checkers }) => checkers.flatMap(({ check }) => (check.kind === 'misc' ? [check.script] : [])));
      const scripts = [quorumUp, quorumDown, ...realServers.flatMap(({ notifyUp, notifyDown }) => [notifyUp, notifyDown]), ...checks];
      return scripts.flatMap((script) => (script === undefined ? [] : [{ script, block: 'virtual_server', name, keyword: '' }]));
    }),
  ];
}
