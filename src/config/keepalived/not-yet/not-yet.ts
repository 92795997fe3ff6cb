// What a configuration asks for and weir does not do yet, with its place, by the list of capabilities: lint, -t and the checker's log report it.
import { capability } from '../../../model/capabilities.js';
import { CHECK_NAMES } from '../../../model/keepalived/check-names.js';
import type { KeepalivedConfiguration } from '../../../model/keepalived/configuration.js';
import { unservedServers, unservedText } from '../../../model/keepalived/unserved.js';
import type { VirtualServer } from '../../../model/keepalived/virtual-server.js';
import { wantedTable } from '../../../model/keepalived/wanted-table.js';
import type { Origin } from '../keyword.js';
import { checkPlace, globalPlace, type Placed, serverBlock, serverPlace } from '../lint/place.js';
import { endpointName } from '../to-model/virtual-server/endpoint.js';

/** A file, its values and what was made of them. */
export interface PlacedConfiguration extends Placed {
  readonly configuration: KeepalivedConfiguration;
}

export type NotYet =
  | { readonly kind: 'server'; readonly at: Origin; readonly name: string; readonly missing: string }
  | {
      readonly kind: 'check';
      readonly at: Origin;
      /** `TCP_CHECK of [10.0.0.2]:tcp:80 of VS [192.0.2.1]:tcp:80` */
      readonly name: string;
      readonly missing: string;
      /** What becomes of the server; absent: its virtual server is not served either. */
      readonly meanwhile?: string;
    }
  | { readonly kind: 'sync-daemon'; readonly at: Origin; readonly missing: string; readonly meanwhile: string };

/** The virtual servers of which services will not be served. */
function servers(file: PlacedConfiguration, unserved: ReturnType<typeof unservedServers>): readonly NotYet[] {
  return unserved.map((entry) => {
    const { name, protocol } = entry.server;
    return { kind: 'server', at: serverPlace(file, name, undefined, protocol), name, missing: unservedText(entry) };
  });
}

function checksOf(server: VirtualServer, file: PlacedConfiguration, isServed: boolean): readonly NotYet[] {
  const { missing, meanwhile } = capability('health-checks');
  const block = serverBlock(file, server.name, server.protocol);
  if (block === undefined) return [];
  return server.realServers.flatMap((real) => {
    const counts = new Map<string, number>();
    return real.checkers.map(({ check }): NotYet => {
      const keyword = CHECK_NAMES[check.kind];
      const index = counts.get(keyword) ?? 0;
      counts.set(keyword, index + 1);
      const name = `${keyword} of ${endpointName(real.address, server.protocol, real.port)} of VS ${server.name}`;
      return { kind: 'check', at: checkPlace(block, real, keyword, index), name, missing, ...(isServed ? { meanwhile } : {}) };
    });
  });
}

/** Services first, then health checks, each in the order of the file. */
export function notYet(file: PlacedConfiguration): readonly NotYet[] {
  const { virtualServers, global } = file.configuration;
  const unserved = unservedServers(wantedTable(file.configuration));
  const lost = new Set(unserved.filter((entry) => entry.unserved === entry.services).map(({ server }) => server));
  const checks = capability('health-checks').present ? [] : virtualServers.flatMap((server) => checksOf(server, file, !lost.has(server)));
  const { present, missing, meanwhile } = capability('synchronisation');
  const sync: readonly NotYet[] =
    present || global.lvsSyncDaemon === undefined
      ? []
      : [{ kind: 'sync-daemon', at: globalPlace(file, 'lvs_sync_daemon'), missing, meanwhile }];
  return [...servers(file, unserved), ...checks, ...sync];
}
