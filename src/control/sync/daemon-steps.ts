// Which synchronisation daemons lvs_sync_daemon asks for, and what is to be done so that these run, and no others (keepalived.conf(5)).
//
// Without an instance the checker keeps both for as long as it runs. With one the VRRP process keeps one of them: the master while the
// instance is MASTER, else the backup; in the grace period after a takeover it keeps the backup, too, since connections may still come.
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { VrrpInstance } from '../../model/keepalived/instance.js';
import { DAEMON_ROLES, type DaemonRole, type DaemonSpec, sameDaemon } from '../../model/sync-daemon.js';
import type { VrrpState } from '../vrrp/messages.js';

/** The process that starts and stops the daemons. */
export type DaemonKeeper = 'checker' | 'vrrp';

type Settings = NonNullable<KeepalivedConfiguration['global']['lvsSyncDaemon']>;

/** Undefined: the configuration has none. */
export function daemonKeeper({ global: { lvsSyncDaemon } }: KeepalivedConfiguration): DaemonKeeper | undefined {
  if (lvsSyncDaemon === undefined) return undefined;
  return lvsSyncDaemon.instance === undefined ? 'checker' : 'vrrp';
}

function specOf({ instance: _, syncId, ...settings }: Settings, role: DaemonRole, instance?: VrrpInstance): DaemonSpec {
  return { role, ...settings, syncId: syncId ?? instance?.vrid ?? 0 };
}

/** What `keeper` keeps running. `stateOf`: of an instance; only the VRRP process is asked. None for an instance that is not there. `inGrace`: see above. */
export function wantedDaemons(
  configuration: KeepalivedConfiguration,
  keeper: DaemonKeeper,
  stateOf: (instance: string) => VrrpState = () => 'init',
  inGrace = false,
): readonly DaemonSpec[] {
  const settings = configuration.global.lvsSyncDaemon;
  if (settings === undefined || daemonKeeper(configuration) !== keeper) return [];
  if (keeper === 'checker') return DAEMON_ROLES.map((role) => specOf(settings, role));
  const instance = configuration.instances.find(({ name }) => name === settings.instance);
  if (instance === undefined) return [];
  const roles: readonly DaemonRole[] = stateOf(instance.name) !== 'master' ? ['backup'] : inGrace ? DAEMON_ROLES : ['master'];
  return roles.map((role) => specOf(settings, role, instance));
}

export type DaemonStep = { readonly kind: 'stop'; readonly role: DaemonRole } | { readonly kind: 'start'; readonly spec: DaemonSpec };

/**
 * What leads from the daemons that a keeper started to those that it wants: what is unchanged goes on, and all that ends does so before
 * anything begins.
 */
export function daemonSteps(started: readonly DaemonSpec[], wanted: readonly DaemonSpec[]): readonly DaemonStep[] {
  const without = (all: readonly DaemonSpec[], others: readonly DaemonSpec[]): readonly DaemonSpec[] =>
    all.filter((one) => !others.some((other) => sameDaemon(one, other)));
  return [
    ...without(started, wanted).map(({ role }): DaemonStep => ({ kind: 'stop', role })),
    ...without(wanted, started).map((spec): DaemonStep => ({ kind: 'start', spec })),
  ];
}
