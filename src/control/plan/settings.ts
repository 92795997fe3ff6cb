// The lines of a plan about settings that no other line is about, so that a plan without lines means a reload that changes nothing.
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { RealServer, VirtualServer } from '../../model/keepalived/virtual-server.js';
import { realIdentity, serverIdentity } from '../check/identity.js';
import { realName } from '../check/names.js';
import { valueText } from '../value-text.js';
import { settingDifferences } from './differences.js';
import type { PlannedSettings } from './plan.js';

interface Named {
  readonly name: string;
}

function compare<T extends object>(
  keyword: string,
  [before, after]: readonly [readonly T[], readonly T[]],
  nameOf: (one: T) => string,
  except: readonly (keyof T)[] = [],
): readonly PlannedSettings[] {
  const old = new Map(before.map((one) => [nameOf(one), one]));
  const now = new Map(after.map((one) => [nameOf(one), one]));
  const line = (action: PlannedSettings['action'], name: string, differences: PlannedSettings['differences'] = []): PlannedSettings => ({
    action,
    object: `${keyword} ${name}`,
    differences,
  });
  return [
    ...[...old.keys()].flatMap((name) => (now.has(name) ? [] : [line('remove', name)])),
    ...[...now].flatMap(([name, one]) => {
      const was = old.get(name);
      if (was === undefined) return [line('add', name)];
      const differences = settingDifferences(was, one, except);
      return differences.length > 0 ? [line('change', name, differences)] : [];
    }),
  ];
}

/** What the lines of services have of a virtual server, and of a real server. */
const TABLE_OF_SERVER = [
  'name',
  'target',
  'scheduler',
  'schedFlags',
  'onePacket',
  'persistence',
  'realServers',
  'method',
  'tunnel',
] as const;
const TABLE_OF_REAL = ['weight', 'method', 'tunnel', 'upperThreshold', 'lowerThreshold', 'checkers'] as const;

/** Settings of virtual servers and real servers that stay; the lines of services name those that come and go. */
function serverSettings(before: readonly VirtualServer[], after: readonly VirtualServer[]): readonly PlannedSettings[] {
  const old = new Map(before.map((server) => [serverIdentity(server), server]));
  return after.flatMap((server) => {
    const was = old.get(serverIdentity(server));
    if (was === undefined) return [];
    const name = (): string => server.name;
    const reals = new Map(was.realServers.map((real) => [realIdentity(real), real]));
    const stay = server.realServers.filter((real) => reals.has(realIdentity(real)));
    const first = stay.map((real) => reals.get(realIdentity(real)) as RealServer);
    return [
      ...compare('virtual_server', [[was], [server]], name, TABLE_OF_SERVER),
      ...compare('real_server', [first, stay], (real) => `${realName(real, server)} of ${server.name}`, TABLE_OF_REAL),
    ];
  });
}

const nameOf = ({ name }: Named): string => name;

/** Undefined `running`: nothing runs, so no setting changes. */
export function planSettings(running: KeepalivedConfiguration | undefined, next: KeepalivedConfiguration): readonly PlannedSettings[] {
  if (running === undefined) return [];
  return [
    ...compare('global_defs', [[running.global], [next.global]], () => '').map((one) => ({ ...one, object: 'global_defs' })),
    ...compare('vrrp_instance', [running.instances, next.instances], nameOf, ['name', 'addresses', 'excludedAddresses']),
    ...compare('vrrp_sync_group', [running.syncGroups, next.syncGroups], nameOf),
    ...compare('vrrp_script', [running.scripts, next.scripts], nameOf),
    ...compare('track_file', [running.files, next.files], nameOf),
    ...compare('vrrp_track_process', [running.processes, next.processes], nameOf),
    ...compare('bfd_instance', [running.bfds, next.bfds], nameOf),
    ...serverSettings(running.virtualServers, next.virtualServers),
    ...otherSettings(running, next),
  ];
}

/** Static addresses, routes and rules, and the SSL block. */
function otherSettings(running: KeepalivedConfiguration, next: KeepalivedConfiguration): readonly PlannedSettings[] {
  const differences = settingDifferences(running.root, next.root);
  const ssl = valueText([running.ssl]) === valueText([next.ssl]) ? [] : [{ action: 'change', object: 'SSL', differences: [] } as const];
  return [...(differences.length > 0 ? [{ action: 'change', object: 'the file', differences } as const] : []), ...ssl];
}
